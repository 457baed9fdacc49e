//! Enumerations that travel as one octet.

/// Defines an enumeration with its wire codes and the words people read.
///
/// The code, the decoder and the text of a value stand in one line, so they cannot drift apart.
/// The crate that uses it depends on serde.
#[macro_export]
macro_rules! octet_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $code:literal => $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$variant_meta])* $variant = $code,)+
        }

        impl $name {
            /// Every value, in the order of the codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code on the wire.
            #[must_use]
            pub const fn octet(self) -> u8 {
                self as u8
            }

            /// The value of a code; `None` if the code has no meaning.
            #[must_use]
            pub const fn from_octet(octet: u8) -> Option<Self> {
                match octet {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text,)+
                })
            }
        }
    };
}

pub(super) use octet_enum;
