//! The lock against other processes, and of other users.

mod earlier;
mod node;
mod other;
mod served;
mod users;
