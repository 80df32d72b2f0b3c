//! Callers' pointers, each checked as far as it can be, once.

use std::ptr;

use cryptoki_sys::{CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_ULONG};
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::attribute::TemplateAttribute;
use nerves_key_pkcs11_core::output::{Capacity, Output};

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

/// Whether `place` can be one, before something is made for it.
pub(crate) fn place<T>(place: *mut T) -> Result<(), Error> {
    checked(place, 1).map(drop)
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
pub(crate) struct OutBuffer<T> {
    items: *mut T,
    count: *mut CK_ULONG,
    capacity: Capacity,
}

impl<T: Copy> OutBuffer<T> {
    /// # Safety
    /// Until [`OutBuffer::give`], `count` is null or may be read and written, and
    /// `items` is null or may be written for that many items.
    pub(crate) unsafe fn new(items: *mut T, count: *mut CK_ULONG) -> Result<Self, Error> {
        checked(count, 1)?;
        let capacity = if items.is_null() {
            Capacity::Query
        } else {
            // SAFETY: not null and aligned; the rest is the caller's promise.
            let places = unsafe { count.read() };
            // More than memory has is as good as enough.
            Capacity::Places(usize::try_from(places).unwrap_or(usize::MAX))
        };
        Ok(Self {
            items,
            count,
            capacity,
        })
    }

    pub(crate) const fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Write what there is.
    pub(crate) fn give(self, output: &Output<impl AsRef<[T]>>) -> Result<(), Error> {
        let (needed, items) = match output {
            Output::Needs(needed) => (*needed, None),
            Output::Ready(items) => (items.as_ref().len(), Some(items.as_ref())),
        };
        let fits = self.capacity.holds(needed);
        // SAFETY: the promise made to `new`.
        unsafe { put(self.count, needed as CK_ULONG)? };
        match (self.capacity, items) {
            (Capacity::Query, _) => Ok(()),
            (Capacity::Places(_), Some(items)) if fits => {
                // SAFETY: the promise made to `new`; there is room, as just
                // checked.
                unsafe { put_all(self.items, items) }
            }
            (Capacity::Places(_), _) => Err(Error::BufferTooSmall),
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
) -> Result<Vec<TemplateAttribute<'a>>, Error> {
    // SAFETY: the caller's promise.
    let attributes: &[CK_ATTRIBUTE] = unsafe { slice(attributes, count)? };
    attributes
        .iter()
        .map(|attribute| {
            let value = attribute.pValue.cast_const().cast::<u8>();
            // SAFETY: the caller's promise.
            let value = unsafe { slice(value, attribute.ulValueLen)? };
            let kind = attribute.type_;
            Ok(TemplateAttribute { kind, value })
        })
        .collect()
}

/// One attribute that a caller asks for.
#[derive(Debug)]
pub(crate) struct AttributeQuery {
    kind: CK_ATTRIBUTE_TYPE,
    value: *mut u8,
    capacity: Capacity,
    length: *mut CK_ULONG,
}

/// The attributes that a caller asks for.
///
/// # Safety
/// Until each [`AttributeQuery::answer`], `attributes` is null or leads to `count`
/// attributes that may be read and written, as may the places for values;
/// lengths of null values need not be initialized.
pub(crate) unsafe fn attribute_queries(
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Result<Vec<AttributeQuery>, Error> {
    let count = checked(attributes, count)?;
    let queries = (0..count).map(|index| {
        // SAFETY: within the `count` attributes of the caller's promise; only
        // what is initialized is read, so there is no reference to the whole.
        unsafe {
            let attribute = attributes.add(index);
            let value = (&raw const (*attribute).pValue).read().cast::<u8>();
            let length = &raw mut (*attribute).ulValueLen;
            let capacity = if value.is_null() {
                Capacity::Query
            } else {
                Capacity::Places(usize::try_from(length.read()).unwrap_or(usize::MAX))
            };
            let kind = (&raw const (*attribute).type_).read();
            AttributeQuery {
                kind,
                value,
                capacity,
                length,
            }
        }
    });
    Ok(queries.collect())
}

impl AttributeQuery {
    pub(crate) const fn kind(&self) -> CK_ATTRIBUTE_TYPE {
        self.kind
    }

    /// Write the value, or that there is none. PKCS#11 2.40, section 5.7,
    /// `C_GetAttributeValue`, cases 1 to 5.
    pub(crate) fn answer(self, value: Result<&[u8], Error>) -> Result<(), Error> {
        let (length, result) = match value {
            Err(error) => (cryptoki_sys::CK_UNAVAILABLE_INFORMATION, Err(error)),
            Ok(value) if self.capacity == Capacity::Query => (value.len() as CK_ULONG, Ok(())),
            Ok(value) if self.capacity.holds(value.len()) => {
                // SAFETY: the promise made to `attribute_queries`; there is room.
                unsafe { put_all(self.value, value)? };
                (value.len() as CK_ULONG, Ok(()))
            }
            Ok(_) => (
                cryptoki_sys::CK_UNAVAILABLE_INFORMATION,
                Err(Error::BufferTooSmall),
            ),
        };
        // SAFETY: the promise made to `attribute_queries`.
        unsafe { put(self.length, length)? };
        result
    }
}
