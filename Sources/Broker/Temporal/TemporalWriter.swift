package import ContextModel
package import Storage

/// Writes temporal evolutions as JSON (clauses 4.5.6 to 4.5.9 and 4.5.19).
package struct TemporalWriter: Sendable {
    /// The representations of clause 6.3.12.
    package enum Format: Sendable, Hashable {
        case instances, values, aggregates
    }
    private let format: Format
    private let timeProperty: TemporalTest.Property
    private let entities: EntityWriter

    package init(_ format: Format, timeProperty: TemporalTest.Property, entities: EntityWriter) {
        self.format = format
        self.timeProperty = timeProperty
        self.entities = entities
    }

    /// Whether the projection shows anything of the evolution (clause 4.21).
    package func shows(_ evolution: Evolution) -> Bool {
        let projection = entities.representation.projection
        return projection.shows(member: "id") || projection.shows(member: "type")
            || !evolution.scopes.isEmpty && projection.shows(member: "scope")
            || evolution.attributes.contains { projection.shows($0.name) }
            || evolution.aggregates.contains { projection.shows($0.name) }
    }

    /// Writes one evolution as a JSON object.
    package func write(
        _ evolution: Evolution,
        embedsContext: Bool,
        to writer: inout JSONWriter
    ) {
        let evolution = conforming(evolution)
        writer.beginObject()
        writeHead(of: evolution, to: &writer)
        writeScopes(of: evolution, to: &writer)
        if format == .aggregates {
            for (name, aggregates) in grouped(evolution.aggregates) {
                writer.key(entities.context.compact(name))
                write(aggregates, to: &writer)
            }
        } else {
            for attribute in evolution.attributes
            where entities.representation.projection.shows(attribute.name) {
                writer.key(entities.context.compact(attribute.name))
                if let kind = evolution.kindsBeyondRange[attribute.name] {
                    writeEmpty(kind, to: &writer)
                } else {
                    write(attribute, to: &writer)
                }
            }
        }
        if embedsContext {
            writer.key("@context")
            writer.value(entities.context.embedded)
        }
        writer.endObject()
    }

    /// The evolution as it was in the requested version of the specification (clause 4.3.6.8).
    private func conforming(_ evolution: Evolution) -> Evolution {
        guard let version = entities.representation.version, version < .own else {
            return evolution
        }
        var evolution = evolution
        if version < SpecificationVersion(1, 4) { evolution.scopes = [] }
        if version < SpecificationVersion(1, 3) {
            evolution.types = Array(evolution.types.prefix(1))
        }
        evolution.attributes = evolution.attributes.map {
            $0.conforming(overTimeTo: version, entities.context)
        }
        if version < SpecificationVersion(1, 3) {
            evolution.aggregates = grouped(evolution.aggregates).map { _, aggregates in
                var one = aggregates.first { $0.datasetID == nil } ?? aggregates[0]
                one.datasetID = nil
                return one
            }
        }
        return evolution
    }

    /// The kind that is shown: that of the requested version (clause 4.3.6.8), and a Property for
    /// a LanguageProperty in one language (clause 5.7.3.5).
    private func shownKind(_ kind: Attribute.Kind) -> Attribute.Kind {
        let kind = entities.representation.version.map(kind.conforming) ?? kind
        let isInOneLanguage = kind == .languageProperty && entities.representation.languages != nil
        return isInOneLanguage ? .property : kind
    }

    private func writeHead(of evolution: Evolution, to writer: inout JSONWriter) {
        let projection = entities.representation.projection
        if projection.shows(member: "id") {
            writer.key("id")
            writer.string(evolution.id.uri)
        }
        if projection.shows(member: "type") { entities.writeTypes(evolution.types, to: &writer) }
        if entities.representation.showsSystemAttributes {
            writer.member("createdAt", evolution.createdAt)
            writer.member("modifiedAt", evolution.modifiedAt)
        }
    }

    // MARK: Instances and values

    /// Writes the scope like a Property (clause 4.5.6); it is not aggregated.
    private func writeScopes(of evolution: Evolution, to writer: inout JSONWriter) {
        guard format != .aggregates, !evolution.scopes.isEmpty,
            entities.representation.projection.shows(member: "scope")
        else { return }
        writer.key("scope")
        write(NamedAttribute(name: .scope, instances: evolution.scopes), to: &writer)
    }

    private func write(_ attribute: NamedAttribute, to writer: inout JSONWriter) {
        if format == .values {
            let datasets = Dictionary(grouping: attribute.instances, by: \.datasetID)
                .sorted { ($0.key ?? "") < ($1.key ?? "") }
            if datasets.count > 1 { writer.beginArray() }
            for (dataset, instances) in datasets {
                writeValues(of: instances, dataset: dataset, to: &writer)
            }
            if datasets.count > 1 { writer.endArray() }
            return
        }
        writer.beginArray()
        for instance in attribute.instances { entities.write(instance, to: &writer) }
        writer.endArray()
    }

    /// Writes an attribute that has instances, but none in the range of the page.
    private func writeEmpty(_ kind: Attribute.Kind, to writer: inout JSONWriter) {
        if format == .values {
            let kind = shownKind(kind)
            writer.beginObject()
            writer.key("type")
            writer.string(kind.term)
            writer.key(kind.temporalValuesMember)
        }
        writer.beginArray()
        writer.endArray()
        if format == .values { writer.endObject() }
    }

    /// Writes pairs of value and time (clause 4.5.9).
    private func writeValues(
        of instances: [Attribute],
        dataset: String?,
        to writer: inout JSONWriter
    ) {
        guard let kind = instances.first.map({ shownKind($0.kind) }) else { return }
        writer.beginObject()
        writer.key("type")
        writer.string(kind.term)
        writer.member("datasetId", dataset)
        writer.key(kind.temporalValuesMember)
        writer.beginArray()
        for instance in instances {
            writer.beginArray()
            entities.writeSimplified(instance, to: &writer)
            writer.string((instance.time(timeProperty) ?? instance.modifiedAt)?.text ?? "")
            writer.endArray()
        }
        writer.endArray()
        writer.endObject()
    }

    // MARK: Aggregates

    private func grouped(
        _ aggregates: [AggregatedAttribute]
    ) -> [(name: IRI, aggregates: [AggregatedAttribute])] {
        var groups: [(name: IRI, aggregates: [AggregatedAttribute])] = []
        var places: [IRI: Int] = [:]
        for aggregate in aggregates where entities.representation.projection.shows(aggregate.name) {
            if let index = places[aggregate.name] {
                groups[index].aggregates.append(aggregate)
            } else {
                places[aggregate.name] = groups.count
                groups.append((aggregate.name, [aggregate]))
            }
        }
        return groups
    }

    private func write(_ aggregates: [AggregatedAttribute], to writer: inout JSONWriter) {
        if aggregates.count > 1 { writer.beginArray() }
        for aggregate in aggregates {
            writer.beginObject()
            writer.key("type")
            writer.string(shownKind(aggregate.kind).term)
            writer.member("datasetId", aggregate.datasetID)
            for values in aggregate.values {
                writer.key(values.method.rawValue)
                writer.beginArray()
                for period in values.periods {
                    writer.beginArray()
                    writer.value(period.value)
                    writer.timestamp(period.from)
                    writer.timestamp(period.to)
                    writer.endArray()
                }
                writer.endArray()
            }
            writer.endObject()
        }
        if aggregates.count > 1 { writer.endArray() }
    }
}
