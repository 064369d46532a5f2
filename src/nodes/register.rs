//! Adding a domain's kinds to the registry, in the build that computes and in the one that describes.

/// Adds kinds to a registry under the name of their domain, with their computation where this build holds it.
macro_rules! register {
    // A macro, since a function cannot require `Compute` in one build and not in the other.
    ($registry:expr, $domain:literal: $($kind:ty),* $(,)?) => {
        $(
            #[cfg(feature = "torch")]
            $registry.add($crate::kind::Kind::computed::<$kind>($domain));
            #[cfg(not(feature = "torch"))]
            $registry.add($crate::kind::Kind::described::<$kind>($domain));
        )*
    };
}
pub(crate) use register;
