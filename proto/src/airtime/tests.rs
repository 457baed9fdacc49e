//! Tests of airtime.
