internal import ContextModel
internal import Storage

/// The instances of a segment as values, which are made of its columns one by one.
struct SegmentInstances {
    private let runs: [HistorySegment.FormRun]
    private let times, modified, created, sequences: [Int64]
    private let values: HistorySegment.Values
    private let vocabulary: Vocabulary

    init(_ segment: HistorySegment, _ vocabulary: Vocabulary) throws {
        runs = try segment.forms()
        times = try segment.times()
        modified = try segment.modified(times)
        created = try segment.created(modified)
        sequences = try segment.sequences()
        values = try segment.values()
        self.vocabulary = vocabulary
    }

    /// Calls the body with the instances in the range of time that are not hidden, until it returns false.
    ///
    /// Returns false when the body did.
    func forEach(
        in bounds: Range<Int64>,
        newestFirst: Bool,
        hiding hidden: HiddenMoments,
        _ body: (SeriesInstance) throws -> Bool
    ) throws -> Bool {
        for run in newestFirst ? runs.reversed() : runs {
            let form = try run.form.map(vocabulary.form)
            for step in 0..<run.range.count {
                let place =
                    newestFirst ? run.range.upperBound - 1 - step : run.range.lowerBound + step
                guard bounds.contains(times[place]), !hidden.contains(modified[place]) else {
                    continue
                }
                guard try body(instance(place, form)) else { return false }
            }
        }
        return true
    }

    private func instance(_ place: Int, _ form: Attribute?) throws -> SeriesInstance {
        let cell = values[place]
        var attribute: Attribute
        if let body = cell.body {
            attribute = try Body.attribute(body)
        } else if let form {
            attribute = form
            attribute.fill(
                cell.value,
                at: times[place],
                modified: modified[place],
                created: created[place]
            )
        } else {
            throw Vocabulary.missingForm
        }
        return SeriesInstance(
            attribute: attribute,
            time: times[place],
            sequence: sequences[place],
            bytes: cell.bytes
        )
    }
}

extension Vocabulary {
    /// What instances of the form have in common.
    func form(_ number: Int64) throws -> Attribute {
        guard let form = forms[number] else { throw Self.missingForm }
        return form
    }

    static var missingForm: StorageError {
        StorageError(.damaged, note: "an instance in the history has no form")
    }
}

extension HistorySegment.Cell {
    /// The approximate number of bytes that it takes, beside a number.
    fileprivate var bytes: Int {
        if case .text(let text) = value { return text.utf8.count + (body?.count ?? 0) }
        return body?.count ?? 0
    }
}
