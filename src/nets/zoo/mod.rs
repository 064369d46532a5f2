//! Architectures, one file a family, under the names that their weights are published with.

pub mod alexnet;
pub mod catalogue;
pub mod convnext;
pub mod cornet;
pub mod densenet;
pub mod efficientnet;
pub mod inception;
pub mod mobilenet;
pub mod published;
pub mod resnet;
pub mod squeezenet;
pub mod transformer;
pub mod vgg;
