/// An index of attributes by name and of their instances by `datasetId`, for a list that only
/// grows at its end.
///
/// With it, a change takes time in proportion to the size of the entity.
package struct InstancePlaces {
    private var names = GrowingIndex<IRI>()
    /// The indexes of instances, by the index of the attribute.
    private var datasets: [Int: GrowingIndex<String?>] = [:]
    private var hasRemoved = false

    package init() {}

    /// The index of the attribute in the list.
    ///
    /// Each call must pass the list of the call before, to which elements may have been appended.
    package mutating func place(of name: IRI, in list: [NamedAttribute]) -> Int? {
        names.place(of: name, in: list, by: \.name)
    }

    /// The index of the attribute in the list, and of its instance in the attribute.
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

    /// Removes the instance; the list keeps it until it is compacted, so that indexes stay valid.
    mutating func remove(_ place: (attribute: Int, instance: Int), of datasetID: String?) {
        hasRemoved = true
        datasets[place.attribute, default: GrowingIndex()].remove(place.instance, of: datasetID)
    }

    /// The list without removed instances, and without attributes that have none left.
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
