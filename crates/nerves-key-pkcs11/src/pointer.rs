//! Callers' pointers, each checked as far as it can be, once.

use std::ptr;

use cryptoki_sys::{CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_ULONG};
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::attribute::Wanted;
use nerves_key_pkcs11_core::output::{Output, Room};

const NULL: Error = Error::Arguments("a null pointer");
const UNALIGNED: Error = Error::Arguments("an unaligned pointer");
const TOO_LONG: Error = Error::Arguments("a length beyond the address space");

/// `count` items at `items`; none where `count` is 0, wherever `items` leads.
///
/// # Safety
/// `items` is null or leads to `count` items that stay as they are for `'a`.
pub(crate) unsafe fn slice<'a, T>(items: *const T, count: CK_ULONG) -> Result<&'a [T], Error> {
    let count = checked(items, count)?;
    if count == 0 {
        return Ok(&[]);
    }
    // SAFETY: not null, aligned, not longer than the address space; the rest
    // is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(items, count) })
}

/// The one item at `item`.
///
/// # Safety
/// As [`slice`].
pub(crate) unsafe fn one<'a, T>(item: *const T) -> Result<&'a T, Error> {
    checked(item, 1)?;
    // SAFETY: not null and aligned; the rest is the caller's promise.
    Ok(unsafe { &*item })
}

/// Write `value` to `place`.
///
/// # Safety
/// `place` is null or may be written.
pub(crate) unsafe fn put<T>(place: *mut T, value: T) -> Result<(), Error> {
    checked(place, 1)?;
    // SAFETY: not null and aligned; the rest is the caller's promise. What
    // was there is not dropped, since it may never have been initialized.
    unsafe { place.write(value) };
    Ok(())
}

/// Write `values` to the places from `places` on.
///
/// # Safety
/// `places` is null or so many places may be written.
pub(crate) unsafe fn put_all<T: Copy>(places: *mut T, values: &[T]) -> Result<(), Error> {
    if values.is_empty() {
        return Ok(());
    }
    checked(places, 1)?;
    // SAFETY: not null and aligned; `values` is ours and cannot overlap with
    // what the caller lets us write; the rest is the caller's promise.
    unsafe { ptr::copy_nonoverlapping(values.as_ptr(), places, values.len()) };
    Ok(())
}

fn checked<T>(items: *const T, count: CK_ULONG) -> Result<usize, Error> {
    let count = usize::try_from(count).map_err(|_too_long| TOO_LONG)?;
    let bytes = count.checked_mul(size_of::<T>());
    match bytes {
        Some(0) => Ok(0),
        _ if items.is_null() => Err(NULL),
        _ if !items.is_aligned() => Err(UNALIGNED),
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(count),
        _ => Err(TOO_LONG),
    }
}

/// A result of any length: `items` is null to ask for it, `*count` is how many
/// fit and becomes how many there are.
#[derive(Debug)]
pub(crate) struct Buffer<T> {
    items: *mut T,
    count: *mut CK_ULONG,
    room: Room,
}

impl<T: Copy> Buffer<T> {
    /// # Safety
    /// Until [`Buffer::give`], `count` is null or may be read and written, and
    /// `items` is null or may be written for that many items.
    pub(crate) unsafe fn new(items: *mut T, count: *mut CK_ULONG) -> Result<Self, Error> {
        checked(count, 1)?;
        let room = if items.is_null() {
            Room::Query
        } else {
            // SAFETY: not null and aligned; the rest is the caller's promise.
            let places = unsafe { count.read() };
            // More than memory has is as good as enough.
            Room::Places(usize::try_from(places).unwrap_or(usize::MAX))
        };
        Ok(Self { items, count, room })
    }

    pub(crate) const fn room(&self) -> Room {
        self.room
    }

    /// Write what there is.
    pub(crate) fn give(self, output: &Output<impl AsRef<[T]>>) -> Result<(), Error> {
        let (needed, items) = match output {
            Output::Needs(needed) => (*needed, None),
            Output::Ready(items) => (items.as_ref().len(), Some(items.as_ref())),
        };
        let fits = self.room.holds(needed);
        // SAFETY: the promise made to `new`.
        unsafe { put(self.count, needed as CK_ULONG)? };
        match (self.room, items) {
            (Room::Query, _) => Ok(()),
            (Room::Places(_), Some(items)) if fits => {
                // SAFETY: the promise made to `new`; there is room, as just
                // checked.
                unsafe { put_all(self.items, items) }
            }
            (Room::Places(_), _) => Err(Error::Room),
        }
    }

    /// Write a list that costs nothing to make.
    pub(crate) fn give_list(self, list: &[T]) -> Result<(), Error> {
        self.give(&Output::Ready(list))
    }
}

/// A template to find or make an object by.
///
/// # Safety
/// As [`slice`], and the same for each attribute's value.
pub(crate) unsafe fn template<'a>(
    attributes: *const CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Result<Vec<Wanted<'a>>, Error> {
    // SAFETY: the caller's promise.
    let attributes: &[CK_ATTRIBUTE] = unsafe { slice(attributes, count)? };
    attributes
        .iter()
        .map(|attribute| {
            let value = attribute.pValue.cast_const().cast::<u8>();
            // SAFETY: the caller's promise.
            let value = unsafe { slice(value, attribute.ulValueLen)? };
            let kind = attribute.type_;
            Ok(Wanted { kind, value })
        })
        .collect()
}

/// One attribute that a caller asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    kind: CK_ATTRIBUTE_TYPE,
    value: *mut u8,
    room: Room,
    length: *mut CK_ULONG,
}

/// The attributes that a caller asks for.
///
/// # Safety
/// Until each [`Asked::answer`], `attributes` is null or leads to `count`
/// attributes that may be read and written, as may the places for values;
/// lengths of null values need not be initialized.
pub(crate) unsafe fn asked(
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Result<Vec<Asked>, Error> {
    let count = checked(attributes, count)?;
    let asked = (0..count).map(|index| {
        // SAFETY: within the `count` attributes of the caller's promise; only
        // what is initialized is read, so there is no reference to the whole.
        unsafe {
            let attribute = attributes.add(index);
            let value = (&raw const (*attribute).pValue).read().cast::<u8>();
            let length = &raw mut (*attribute).ulValueLen;
            let room = if value.is_null() {
                Room::Query
            } else {
                Room::Places(usize::try_from(length.read()).unwrap_or(usize::MAX))
            };
            let kind = (&raw const (*attribute).type_).read();
            Asked {
                kind,
                value,
                room,
                length,
            }
        }
    });
    Ok(asked.collect())
}

impl Asked {
    pub(crate) const fn kind(&self) -> CK_ATTRIBUTE_TYPE {
        self.kind
    }

    /// Write the value, or that there is none. PKCS#11 2.40, section 5.7,
    /// `C_GetAttributeValue`, cases 1 to 5.
    pub(crate) fn answer(self, value: Result<&[u8], Error>) -> Result<(), Error> {
        let (length, result) = match value {
            Err(error) => (cryptoki_sys::CK_UNAVAILABLE_INFORMATION, Err(error)),
            Ok(value) if self.room == Room::Query => (value.len() as CK_ULONG, Ok(())),
            Ok(value) if self.room.holds(value.len()) => {
                // SAFETY: the promise made to `asked`; there is room.
                unsafe { put_all(self.value, value)? };
                (value.len() as CK_ULONG, Ok(()))
            }
            Ok(_) => (cryptoki_sys::CK_UNAVAILABLE_INFORMATION, Err(Error::Room)),
        };
        // SAFETY: the promise made to `asked`.
        unsafe { put(self.length, length)? };
        result
    }
}
