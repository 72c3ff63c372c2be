/// A row that a mapper cannot use; `Table` makes a `RowProblem` of it.
struct RowRefusal: Error, Equatable {
    /// The index of the column; `nil` if the whole row is meant.
    var column: Int?
    /// One sentence that quotes the input.
    var reason: String
}
