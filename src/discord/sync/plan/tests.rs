//! Examples and properties of the plan.
