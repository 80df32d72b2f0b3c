#!/usr/bin/env escript
%%! +t 16777216
%% What Erlang/OTP makes of terms. Usage: terms.escript QUESTIONS ANSWERS
%%
%% Both files are packets: four bytes of length, then as many bytes. The answers
%% begin with the release; each question has three, empty where it is no term.

-mode(compile).

main([Questions, Answers]) ->
    {ok, Bytes} = file:read_file(Questions),
    {ok, File} = file:open(Answers, [write, raw, binary, delayed_write]),
    ok = file:write(File, packet(list_to_binary(erlang:system_info(otp_release)))),
    answer(Bytes, File),
    ok = file:close(File).

answer(<<Size:32, Question:Size/binary, Rest/binary>>, File) ->
    ok = file:write(File, [packet(Answer) || Answer <- answers(Question)]),
    answer(Rest, File);
answer(<<>>, _) ->
    ok.

answers(Question) ->
    try binary_to_term(Question) of
        Term ->
            [term_to_binary(Term, [{minor_version, 1}]),
             term_to_binary(Term, [{minor_version, 2}]),
             term_to_binary(Term, [{minor_version, 2}, deterministic])]
    catch
        error:badarg -> [<<>>, <<>>, <<>>]
    end.

packet(Bytes) ->
    [<<(byte_size(Bytes)):32>>, Bytes].
