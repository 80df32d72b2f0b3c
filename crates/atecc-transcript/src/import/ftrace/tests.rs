use alloc::string::String;

use super::*;

const TRACE: &str = "\
# tracer: nop
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
            host-42      [000] .....   987.100000: i2c_reply: i2c-1 #0 a=060 f=0001 l=1 [04]
            host-42      [000] .....   987.100001: i2c_result: i2c-1 n=1 ret=1
            host-42      [000] .....   987.236090: i2c_write: i2c-1 #0 a=000 f=0000 l=1 [00]
            host-42      [000] .....   987.236290: i2c_result: i2c-1 n=1 ret=-121
            host-42      [000] .....   987.240000: i2c_read: i2c-1 #0 a=060 f=0001 l=4
            host-42      [000] .....   987.240400: i2c_reply: i2c-1 #0 a=060 f=0001 l=4 [04-11-33-43]
            host-42      [000] .....   987.240401: i2c_result: i2c-1 n=1 ret=1
            host-42      [000] .....   987.241000: i2c_write: i2c-1 #0 a=060 f=0000 l=1 [00]
            host-42      [000] .....   987.241001: i2c_read: i2c-1 #1 a=060 f=0001 l=1
            host-42      [000] .....   987.241300: i2c_reply: i2c-1 #1 a=060 f=0001 l=1 [04]
            host-42      [000] .....   987.241301: i2c_result: i2c-1 n=2 ret=2
            host-42      [000] .....   987.242000: i2c_read: i2c-1 #0 a=060 f=0001 l=1
            host-42      [000] .....   987.242100: i2c_result: i2c-1 n=1 ret=-6
            host-42      [000] .....   987.243000: i2c_write: i2c-1 #0 a=060 f=0000 l=2 [03-07]
            host-42      [000] .....   987.243100: i2c_result: i2c-1 n=1 ret=-110
            host-42      [000] .....   987.244000: i2c_write: i2c-1 #0 a=060 f=0000 l=0 []
            host-42      [000] .....   987.244100: i2c_result: i2c-1 n=1 ret=1
";

fn shown(text: &str, adapter: Option<u32>) -> String {
    let lines = lines(text, adapter).expect("a trace");
    lines.iter().map(ToString::to_string).collect()
}

#[test]
fn events_become_actions() {
    let wanted = "0            wake\n\
                  3910         read 60 04 11 3343\n\
                  4910         rewind 60\n\
                  -            read 60 04\n\
                  5910         read 60 nack  # the transfer ended with -6\n\
                  6910         write 60 03 07 nack somewhere  # the transfer ended with -110\n\
                  7910         write 60\n";
    assert_eq!(shown(TRACE, None), wanted);
    assert_eq!(shown(TRACE, Some(1)), wanted);
    let bare: String = TRACE
        .lines()
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, event)| [event, "\n"])
        .collect();
    assert!(shown(&bare, None).starts_with("-            wake\n-            read 60 04"));
}

#[test]
fn what_is_not_printed_is_not_told() {
    let printed = ["a5"; 64].join("-");
    let text = format!(
        "i2c_write: i2c-0 #0 a=060 f=0000 l=66 [{printed}]\ni2c_result: i2c-0 n=1 ret=1\n\
         CPU:1 [LOST 12 EVENTS]\n\
         i2c_read: i2c-0 #0 a=060 f=0001 l=1\ni2c_reply: i2c-0 #0 a=060 f=0001 l=1 [00]\n\
         i2c_result: i2c-0 n=1 ret=1\n"
    );
    let found = lines(&text, None).expect("a trace");
    assert_eq!(found[0].redacted, 64..66);
    assert_eq!(
        found[0].comment.as_deref(),
        Some("the trace shows 64 of 66 bytes")
    );
    assert_eq!(
        found[1].comment.as_deref(),
        Some("events before this are lost")
    );
}

#[test]
fn malformed_traces_are_refused() {
    let other = TRACE.replacen("i2c-1 n=1 ret=-121", "i2c-2 n=1 ret=-121", 1);
    let error = lines(&other, None).expect_err("two buses");
    assert_eq!(error.malformed, Malformed::Adapters(1, 2));
    assert!(lines(TRACE, Some(7)).is_err());
    for (from, to, line, part) in [
        ("l=2 [03-07]", "l=3 [03-07]", 17, "as many bytes as l says"),
        ("l=2 [03-07]", "l=2 [0307]", 17, "as many bytes as l says"),
        ("l=2 [03-07]", "l=2", 17, "as long as events are"),
        ("a=000", "a=160", 6, "seven-bit address"),
        (
            "#1 a=060 f=0001 l=1\n",
            "#x a=060 f=0001 l=1\n",
            12,
            "message \"x\"",
        ),
        ("ret=-6", "ret=none", 16, "ret \"none\""),
        ("i2c-1 #1", "bus one", 12, "i2c- and a number"),
        ("987.241000", "986.0", 11, "before that of an earlier"),
        ("987.241000", "today", 11, "seconds since the start"),
    ] {
        let error = lines(&TRACE.replacen(from, to, 1), None).expect_err(part);
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(
        lines("", None).expect_err("empty").malformed,
        Malformed::Nothing
    );
}
