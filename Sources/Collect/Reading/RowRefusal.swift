/// The error for a row that a mapper cannot use; `Table` makes a `RowProblem` of it.
struct RowRefusal: Error, Equatable {
    /// The index of the column; nil for the whole row.
    var column: Int?
    /// A sentence that quotes the input.
    var reason: String
}
