/// Finds attributes by name and their instances by `datasetId`, in a list that only grows at its end.
///
/// Whoever changes an entity takes time in proportion to its size, however many instances it has.
package struct InstancePlaces {
    private var names = GrowingIndex<IRI>()
    /// By the place of the attribute.
    private var datasets: [Int: GrowingIndex<String?>] = [:]
    private var hasRemoved = false

    package init() {}

    /// The index of the attribute in the list.
    ///
    /// Each call must give the list of the call before, to which elements may have been appended.
    package mutating func place(of name: IRI, in list: [NamedAttribute]) -> Int? {
        names.place(of: name, in: list, by: \.name)
    }

    /// The places of the attribute in the list and of its instance in it.
    package mutating func place(
        of name: IRI,
        _ datasetID: String?,
        in list: [NamedAttribute]
    ) -> (attribute: Int, instance: Int)? {
        guard let attribute = place(of: name, in: list),
            let instance = place(of: datasetID, in: list[attribute].instances, attribute)
        else { return nil }
        return (attribute, instance)
    }

    private mutating func place(
        of datasetID: String?,
        in list: [Attribute],
        _ attribute: Int
    ) -> Int? {
        // Nearly every attribute has one instance.
        if list.count == 1, datasets[attribute] == nil {
            return list[0].datasetID == datasetID ? 0 : nil
        }
        return datasets[attribute, default: GrowingIndex()]
            .place(of: datasetID, in: list, by: \.datasetID)
    }

    /// Takes the instance out; the list keeps it until it is compacted, so that places stay.
    mutating func remove(_ place: (attribute: Int, instance: Int), of datasetID: String?) {
        hasRemoved = true
        datasets[place.attribute, default: GrowingIndex()].remove(place.instance, of: datasetID)
    }

    /// The list without what was removed, and without attributes of which no instance is left.
    func compacted(_ list: [NamedAttribute]) -> [NamedAttribute] {
        guard hasRemoved else { return list }
        return list.indices.compactMap { index in
            let instances =
                datasets[index]?.compacted(list[index].instances) ?? list[index].instances
            return instances.isEmpty
                ? nil : NamedAttribute(name: list[index].name, instances: instances)
        }
    }
}
