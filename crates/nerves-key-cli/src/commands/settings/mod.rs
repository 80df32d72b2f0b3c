//! `nerves-key settings`.

mod area;
mod atoms;
mod json;
mod raw;

use std::path::Path;

use data_encoding::HEXUPPER;
use nerves_key::Stage;
use nerves_key::settings::{
    Area, ReadSettings, Settings as Stored, SettingsError, Stored as Contents, UpdateError,
    UpdateSettings, Updated, Value, WriteSettings,
};
use nerves_key_device::BusFault;
use serde_json::json;

use self::area::{Found, InArea};
use crate::causes;
use crate::chip::RecordedDevice;
use crate::cli::chip::Chip;
use crate::cli::settings::{Set, Settings, SettingsFormat, SettingsTarget};
use crate::confirm::{self, Risk};
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::files::{self, Readers};
use crate::interrupt;
use crate::output::{Output, escape, escape_path};

pub(super) fn run(command: &Settings, output: Output) -> Result<(), CliError> {
    match command {
        Settings::Get { chip, key } => get(chip, key.as_deref(), output),
        Settings::Set(Set {
            target,
            key,
            value,
            text,
        }) => {
            let value = if *text {
                Value::Text(value.clone())
            } else {
                json::argument(key, value)?
            };
            let name = json::key(key);
            let alone = Value::Map(vec![(name.clone(), value.clone())]);
            check_alone(&alone, target.format)
                .map_err(|error| error.about(format!("setting \"{}\"", escape(key))))?;
            let key = name;
            edit(target, output, move |pairs| {
                let place = json::place(pairs, &key);
                match place.and_then(|at| pairs.get_mut(at)) {
                    Some((_, old)) => *old = value,
                    None => pairs.push((json::like(&key, pairs), value)),
                }
                Ok(())
            })
        }
        Settings::Unset { target, key } => edit(target, output, |pairs| {
            let place = json::place(pairs, &json::key(key));
            pairs.remove(place.ok_or_else(|| missing(key))?);
            Ok(())
        }),
        Settings::Clear(chip) => clear(chip, output),
        Settings::Export { chip, raw, out } => export(chip, *raw, out.as_deref(), output),
        Settings::Import {
            target,
            file,
            raw: true,
            yes,
        } => import_raw(&target.chip, file, *yes, output),
        Settings::Import { target, file, .. } => import(target, file, output),
    }
}

/// What `export` writes of a chip without settings.
const NONE: &str = "null";

fn clear(chip: &Chip, output: Output) -> Result<(), CliError> {
    update(chip, output, |stored| Ok(stored.clear()))?;
    output.result("the settings are cleared", &json!({ "settings": null }))
}

/// The bytes of a chip's settings.
fn read(device: &mut RecordedDevice) -> Result<Found<Stored>, CliError> {
    causes::run(device, InArea::new(ReadSettings::new))?.map_err(no_settings)
}

/// See where the chip has settings, read, change, write and read back, in one session.
/// What was written, and what is to be said of it.
fn update(
    chip: &Chip,
    output: Output,
    change: impl FnOnce(&Stored) -> Result<WriteSettings, CliError>,
) -> Result<(Updated, Vec<String>), CliError> {
    let mut device = chip.open()?;
    let mut warnings = Vec::new();
    let change = |stored: &Stored| {
        interrupt::hold()?;
        let write = change(stored)?;
        warnings.extend(atoms::warning(stored, write.after()));
        Ok(write)
    };
    let update = InArea::new(|area| UpdateSettings::new(area, change));
    let found = causes::run_with(&mut device, update, update_error)?;
    let updated = found.map_err(no_settings)?.output;
    for warning in &warnings {
        output.message(&format!("warning: {warning}"));
    }
    Ok((updated, warnings))
}

fn update_error(error: atecc::Error<BusFault, UpdateError<CliError>>) -> CliError {
    match error {
        atecc::Error::Bus { error, .. } => CliError::failed(error),
        atecc::Error::Failed(UpdateError::Write(error)) => atecc::Error::Failed(error).into(),
        atecc::Error::Failed(UpdateError::Refused(error)) => error,
    }
}

fn no_settings(stage: Stage) -> CliError {
    let remedy = match stage {
        // Nothing makes a NervesKey of it.
        Stage::Foreign(_) => "",
        _ => ": nerves-key provision finishes it",
    };
    CliError::new(
        Exit::Stage,
        format!("the chip has no settings ({stage}){remedy}"),
    )
}

fn settings_error(error: SettingsError) -> CliError {
    match error {
        SettingsError::TooLarge { .. } => CliError::new(Exit::Stage, error),
        SettingsError::Torn | SettingsError::Unknown => CliError::failed(error)
            .with_remark(" (nerves-key settings import, or clear; export --raw saves the bytes)"),
        error => CliError::failed(error),
    }
}

/// What is wrong with a value that is to be written.
fn value_error(error: SettingsError) -> CliError {
    match error {
        SettingsError::Term(_) | SettingsError::Payload(_) => CliError::refused(error),
        error => settings_error(error),
    }
}

/// That some chip can hold `value`, whatever it has now, before it is touched.
fn check_alone(value: &Value, format: Option<SettingsFormat>) -> Result<(), CliError> {
    let largest = Stored::from_bytes(Area::NervesKey, &[]).map_err(CliError::failed)?;
    let term = || largest.write_value_as_term(value);
    let written = match format {
        Some(SettingsFormat::Term) => term(),
        Some(SettingsFormat::Typed) => largest.set(value),
        // That of the chip is not known yet.
        None => term().or_else(|error| largest.set(value).or(Err(error))),
    };
    written.map(drop).map_err(CliError::refused)
}

fn missing(key: &str) -> CliError {
    CliError::failed(format!(
        "there is no setting {key:?}: nerves-key settings get lists all"
    ))
}

fn get(chip: &Chip, key: Option<&str>, output: Output) -> Result<(), CliError> {
    let stored = read(&mut chip.open()?)?.output;
    let format = format_of(&stored)?;
    let value = stored.value().map_err(settings_error)?;
    match key {
        None => {
            let text = value
                .as_ref()
                .map_or_else(|| "no settings".into(), json::lines);
            let document = json!({
                "format": format.map(name),
                "settings": value.as_ref().map(json::of),
            });
            output.result(&text, &document)
        }
        Some(key) => {
            let wanted = json::key(key);
            let found = match &value {
                Some(Value::Map(pairs)) => json::place(pairs, &wanted).and_then(|at| pairs.get(at)),
                _ => None,
            };
            let (_, value) = found.ok_or_else(|| missing(key))?;
            let document = json!({ "key": key, "value": json::of(value) });
            output.value(&json::text(value), &json::bytes(value), &document)
        }
    }
}

fn format_of(stored: &Stored) -> Result<Option<SettingsFormat>, CliError> {
    Ok(match stored.stored().map_err(settings_error)? {
        Contents::Empty => None,
        Contents::Term(_) => Some(SettingsFormat::Term),
        Contents::Typed(_) => Some(SettingsFormat::Typed),
    })
}

const fn name(format: SettingsFormat) -> &'static str {
    match format {
        SettingsFormat::Term => "term",
        SettingsFormat::Typed => "typed",
    }
}

/// Change the map of settings and write it.
fn edit(
    target: &SettingsTarget,
    output: Output,
    change: impl FnOnce(&mut Vec<(Value, Value)>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    store(target, output, |stored| {
        let format = format_of(stored)?;
        let mut pairs = match stored.value().map_err(settings_error)? {
            None => Vec::new(),
            Some(Value::Map(pairs)) => pairs,
            Some(other) => {
                return Err(CliError::new(
                    Exit::Stage,
                    format!(
                        "the settings are no map but {}: import replaces them",
                        json::of(&other)
                    ),
                ));
            }
        };
        change(&mut pairs)?;
        Ok((format, Value::Map(pairs)))
    })
}

/// Write the value that `change` makes of what is there, in the format that was
/// asked for, or the one that `change` gives.
fn store(
    target: &SettingsTarget,
    output: Output,
    change: impl FnOnce(&Stored) -> Result<(Option<SettingsFormat>, Value), CliError>,
) -> Result<(), CliError> {
    let mut stored_as = None;
    let (updated, warnings) = update(&target.chip, output, |stored| {
        let (kept, value) = change(stored)?;
        let format = target.format.or(kept).unwrap_or(SettingsFormat::Term);
        let write = match format {
            SettingsFormat::Term => stored.write_value_as_term(&value),
            SettingsFormat::Typed => stored.set(&value),
        };
        stored_as = Some((format, value));
        write.map_err(value_error)
    })?;
    let (format, value) =
        stored_as.ok_or_else(|| CliError::failed("the settings were not asked for"))?;
    let text = format!(
        "stored as {}, {}",
        match format {
            SettingsFormat::Term => "an Erlang term",
            SettingsFormat::Typed => "a typed record",
        },
        counted(updated.commands, "write")
    );
    let document = json!({
        "format": name(format),
        "settings": json::of(&value),
        "warnings": warnings,
    });
    output.result(&text, &document)
}

fn export(chip: &Chip, raw: bool, out: Option<&Path>, output: Output) -> Result<(), CliError> {
    files::check_out(out)?;
    let stored = read(&mut chip.open()?)?.output;
    // Settings may be passwords: a file of them is its owner's.
    if raw {
        let bytes = stored.as_bytes();
        let digits = HEXUPPER.encode(bytes);
        let document = json!({ "raw": digits });
        return output.file_or(out, (bytes, Readers::Owner), &digits, &document);
    }
    let value = stored.value().map_err(settings_error)?;
    let document = match &value {
        None => serde_json::Value::Null,
        // Not what stands for none.
        Some(Value::Null) => json!(":nil"),
        Some(value) => json::of(value),
    };
    let text = format!("{document:#}");
    match out {
        Some(path) => output.file(path, (format!("{text}\n").as_bytes(), Readers::Owner)),
        None => output.json_text(&text, &document),
    }
}

/// Write bytes as they are. What no program will be able to read is asked about
/// first, outside of any session, and written only over what was there then.
fn import_raw(chip: &Chip, file: &Path, yes: bool, output: Output) -> Result<(), CliError> {
    let bytes = raw::read(file)?;
    let mut device = chip.open()?;
    let found = read(&mut device)?;
    let (serial_number, before) = (found.chip, found.output);
    let write = before.write_raw(&bytes).map_err(settings_error)?;
    let unreadable = raw::warning(&before, write.after());
    let mut warnings = Vec::new();
    warnings.extend(atoms::warning(&before, write.after()));
    warnings.extend(unreadable.clone());
    for warning in &warnings {
        output.message(&format!("warning: {warning}"));
    }
    if unreadable.is_some() && !yes {
        let question = format!("This replaces the settings of {serial_number}.");
        let word = serial_number.to_string();
        confirm::require_word(output, Risk::Settings, &question, &word)?;
    }
    interrupt::hold()?;
    let update = UpdateSettings::new(found.area, |_| Ok(write)).on_chip(serial_number);
    causes::run_with(&mut device, update, update_error)?;
    let text = format!("{} written as they are", counted(bytes.len(), "byte"));
    let document = json!({ "bytes": bytes.len(), "warnings": warnings });
    output.result(&text, &document)
}

fn import(target: &SettingsTarget, file: &Path, output: Output) -> Result<(), CliError> {
    let bytes = files::read(file)?;
    let text = str::from_utf8(&bytes).map_err(|error| CliError::input(file, error))?;
    if text.trim() == NONE {
        return clear(&target.chip, output);
    }
    let value = json::to(text).map_err(|error| CliError::input(file, error))?;
    check_alone(&value, target.format).map_err(|error| error.about(escape_path(file)))?;
    store(target, output, |stored| {
        // What cannot be read has no format to keep.
        Ok((format_of(stored).unwrap_or_default(), value))
    })
}
