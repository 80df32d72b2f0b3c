//! Replies, from server to client.

/// The answer to a request: bytes, or the number of an error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply(
    /// The bytes, or one of [`errno`](super::errno).
    pub Result<Vec<u8>, u32>,
);

/// How the server's buses keep time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pace {
    /// Bus and chips take the time that real ones take.
    Real,
    /// As fast as possible: no command takes time, so nobody need wait.
    Fast,
}

/// The reply to `Hello`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hello {
    /// The server's version of the protocol.
    pub version: u8,
    /// How it keeps time.
    pub pace: Pace,
    /// The numbers of its buses, in order.
    pub buses: Vec<u32>,
}

/// What is no reply.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadReply {
    /// Less than an error number.
    #[error("a reply of {0} bytes")]
    Short(usize),
    /// Not the reply to `Hello`.
    #[error("no greeting: {0:02x?}")]
    Hello(Vec<u8>),
}

impl Reply {
    /// The packet.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Ok(bytes) => [0_u32.to_le_bytes().as_slice(), bytes].concat(),
            Err(errno) => errno.to_le_bytes().to_vec(),
        }
    }

    /// The reply in `packet`.
    ///
    /// # Errors
    /// [`BadReply::Short`].
    pub fn from_bytes(packet: &[u8]) -> Result<Self, BadReply> {
        let short = BadReply::Short(packet.len());
        let (errno, bytes) = packet.split_first_chunk().ok_or(short)?;
        Ok(Self(match u32::from_le_bytes(*errno) {
            0 => Ok(bytes.to_vec()),
            errno => Err(errno),
        }))
    }
}

impl Hello {
    /// The bytes of the reply.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let pace = match self.pace {
            Pace::Real => 0,
            Pace::Fast => 1,
        };
        let buses = self.buses.iter().flat_map(|bus| bus.to_le_bytes());
        [self.version, pace].into_iter().chain(buses).collect()
    }

    /// The greeting in the bytes of a reply.
    ///
    /// # Errors
    /// [`BadReply::Hello`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadReply> {
        let bad = || BadReply::Hello(bytes.to_vec());
        let (&[version, pace], buses) = bytes.split_first_chunk().ok_or_else(bad)?;
        let pace = match pace {
            0 => Pace::Real,
            1 => Pace::Fast,
            _ => return Err(bad()),
        };
        let mut rest = buses;
        let mut buses = Vec::new();
        while let Some((bus, more)) = rest.split_first_chunk() {
            buses.push(u32::from_le_bytes(*bus));
            rest = more;
        }
        if !rest.is_empty() {
            return Err(bad());
        }
        Ok(Self {
            version,
            pace,
            buses,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes() {
        let cases: [(Reply, &[u8]); 2] = [
            (Reply(Ok(vec![7, 8])), &[0, 0, 0, 0, 7, 8]),
            (Reply(Err(121)), &[121, 0, 0, 0]),
        ];
        for (reply, packet) in cases {
            assert_eq!(reply.to_bytes(), packet);
            assert_eq!(Reply::from_bytes(packet), Ok(reply));
        }
        assert_eq!(Reply::from_bytes(&[0; 3]), Err(BadReply::Short(3)));
    }

    #[test]
    fn greeting() {
        let hello = Hello {
            version: 1,
            pace: Pace::Fast,
            buses: vec![1, 258],
        };
        let bytes = [1, 1, 1, 0, 0, 0, 2, 1, 0, 0];
        assert_eq!(hello.to_bytes(), bytes);
        assert_eq!(Hello::from_bytes(&bytes), Ok(hello));
        for bad in [&[1][..], &[1, 2], &[1, 0, 1, 0, 0]] {
            assert_eq!(Hello::from_bytes(bad), Err(BadReply::Hello(bad.to_vec())));
        }
    }
}
