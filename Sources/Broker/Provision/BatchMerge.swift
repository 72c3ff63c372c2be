package import ContextModel
import Federation

extension BatchOperation {
    /// Batch Entity Merge (clause 5.6.20).
    package static func merge(_ defaults: MergeDefaults) -> BatchOperation {
        BatchOperation(
            reading: .init(allowsNull: true, allowsNullInside: true, isPartial: true),
            atSources: .merge(defaults.parameters)
        ) { stored, input, now throws(EntityError) in
            guard let stored else { return nil }
            return try .merge(into: stored, input.fragment, common: defaults, at: now)
        }
    }
}

extension MergeDefaults {
    /// The defaults as parameters of a request (clause 6.31.3.1).
    fileprivate var parameters: [KeyValuePair] {
        var parameters: [KeyValuePair] = []
        if let language { parameters.append(KeyValuePair(key: "lang", value: language)) }
        if let observedAt {
            parameters.append(KeyValuePair(key: "observedAt", value: observedAt.text))
        }
        return parameters
    }
}
