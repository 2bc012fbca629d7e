//! What else in the namespace has a say about a pool's bridges. Nothing is decided by it; it is told.

/// What else in the namespace has a say about a pool's bridges.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Surroundings {
    /// The names of other PodDisruptionBudgets that select bridges of the pool.
    pub budgets: Vec<String>,
    /// The HorizontalPodAutoscalers that scale the pool.
    pub autoscalers: Vec<Autoscaler>,
    /// Why the PodDisruptionBudgets could not be read; what is said of them is from the last time, if there was one.
    pub budgets_unread: Option<String>,
    /// The same of the HorizontalPodAutoscalers.
    pub autoscalers_unread: Option<String>,
    /// Why the pool's own budget is not as it is wanted.
    pub budget_not_kept: Option<String>,
}

/// A HorizontalPodAutoscaler that scales the pool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Autoscaler {
    /// Its name.
    pub name: String,
    /// The fewest bridges that it asks for.
    pub least: u32,
    /// The most.
    pub most: u32,
    /// Whether it takes for the pool's whatever the pool owns, and not what its selector selects.
    pub follows_owners: bool,
}
