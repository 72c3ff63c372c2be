package import Testing

/// The clauses of ETSI GS CIM 009 V1.9.1 that a test or a suite checks.
///
/// The conformance statement in `docs/` is written from these marks.
package struct ClauseTrait: SuiteTrait, TestTrait {
    package let names: [String]
}

extension Trait where Self == ClauseTrait {
    /// Marks a test with the clauses it checks, such as `5.6.1`, or with items of the conformance
    /// statement where several share a clause, such as `P_UNITCODE`.
    package static func clause(_ names: String...) -> ClauseTrait { ClauseTrait(names: names) }
}
