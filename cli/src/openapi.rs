//! `stipple openapi`: the contract, as it's committed.

use stipple_api::openapi::Documents;

use crate::failure::Failure;
use crate::print;

pub(crate) fn run() -> Result<(), Failure> {
    print(&Documents::make().yaml)
}
