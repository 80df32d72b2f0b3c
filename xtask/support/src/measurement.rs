//! What measured is written to besides the terminal.

use std::path::PathBuf;

use serde_json::Value;

use crate::error::Error;

/// Where results go.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Destination {
    /// Write the result to this file as well.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Destination {
    /// Write `result` if that was asked for.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, result: &Value) -> Result<(), Error> {
        let Some(path) = &self.json else {
            return Ok(());
        };
        std::fs::write(path, format!("{result:#}\n")).map_err(|error| Error::File {
            path: path.clone(),
            error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_where_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("result.json");
        let destination = |json| Destination { json };
        destination(None).write(&Value::Null).unwrap();
        destination(Some(path.clone()))
            .write(&serde_json::json!({ "cases": 3 }))
            .unwrap();
        let read: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(read["cases"], 3);
        let nowhere = directory.path().join("absent/result.json");
        assert!(destination(Some(nowhere)).write(&Value::Null).is_err());
    }
}
