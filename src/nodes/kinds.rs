//! A domain's list of kinds: what adds them to the registry, and their golden samples.

/// Lists the kinds of a domain, of a name. A kind adds itself with its computation where this build holds it, and cannot be listed
/// without a golden sample: tests need `golden::Case` in scope.
macro_rules! kinds {
    // A macro, since a function cannot require `Compute` in one build and not in the other.
    ($domain:literal: $($kind:ty),* $(,)?) => {
        /// Adds the domain's kinds.
        pub(super) fn register(registry: &mut $crate::kind::registry::Registry) {
            $(
                #[cfg(feature = "torch")]
                registry.add($crate::kind::Kind::computed::<$kind>($domain));
                #[cfg(not(feature = "torch"))]
                registry.add($crate::kind::Kind::described::<$kind>($domain));
            )*
        }

        /// What each of them makes of its sample.
        #[cfg(test)]
        pub(super) fn golden() -> Vec<Case> {
            vec![$(Case::of::<$kind>()),*]
        }
    };
}
pub(crate) use kinds;
