package import ContextModel

/// What the data of a tenant is: the class of its entity types and of their attributes, and whom
/// entities are about.
///
/// What it does not name is `internal`.
package struct Classification: Sendable, Hashable {
    /// What the entities of one type are.
    package struct TypeRule: Sendable, Hashable {
        /// The class of the entities, and of their attributes that have no other.
        package var dataClass: DataClass
        /// Where such an entity names whom it is about; needed if anything of it is about people.
        package var subjects: [SubjectPath]
        /// Attributes whose class is another one.
        package var attributes: [IRI: DataClass]
        /// How long histories of such entities are kept; nil for as long as the operator wants.
        package var retention: ISODuration?
        /// What kind of organisation decides what the data is used for.
        package var controller: ControllerKind?

        package init(
            _ dataClass: DataClass,
            subjects: [SubjectPath] = [],
            attributes: [IRI: DataClass] = [:]
        ) {
            self.dataClass = dataClass
            self.subjects = subjects
            self.attributes = attributes
        }

        /// The attributes that are of a higher class than the entity, and need a purpose.
        ///
        /// With them go those that name the person.
        package var personalAttributes: Set<IRI> {
            guard !dataClass.meaning.needsPurpose else { return [] }
            let names = attributes.filter(\.value.meaning.needsPurpose).keys
            guard !names.isEmpty else { return [] }
            return Set(names).union(subjects.compactMap(\.names.first))
        }

        /// The highest class of the entity and its attributes.
        package var highestClass: DataClass { attributes.values.reduce(dataClass, max) }
    }

    package let types: [IRI: TypeRule]
    /// The classes that there are.
    package let classes: DataClasses
    /// What is needed of types whose entities need a purpose.
    let needs: [IRI: SubjectTest.Need]
    /// What is needed of types of which some attributes need a purpose.
    let attributeNeeds: [IRI: SubjectTest.Need]
    /// For each class the term that holds for the entities of the class.
    private let tests: [DataClass: Condition]

    package init(_ types: [IRI: TypeRule] = [:], classes: DataClasses = DataClasses()) {
        self.types = types
        self.classes = classes
        needs = types.filter(\.value.dataClass.meaning.needsPurpose).mapValues { rule in
            .init(paths: rule.subjects, meaning: rule.highestClass.meaning)
        }
        attributeNeeds = types.filter { !$0.value.personalAttributes.isEmpty }.mapValues { rule in
            .init(paths: rule.subjects, meaning: rule.highestClass.meaning)
        }
        let known = types.mapValues(\.dataClass)
        tests = Dictionary(
            uniqueKeysWithValues: classes.all.map {
                ($0, .decided(EntityDecision(ClassTest($0, known, of: classes.all.count))))
            }
        )
    }

    /// The types whose entities, or some attributes of them, are about people.
    package var personalTypes: Set<IRI> { Set(needs.keys).union(attributeNeeds.keys) }

    package static func == (a: Classification, b: Classification) -> Bool {
        a.types == b.types && a.classes == b.classes
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(types) }

    /// The entities that are of one of the classes; nil where a class is none of the tenant's.
    func test(of selection: ClassSelection) -> Condition? {
        selection.classes(of: classes).map { .any(of: $0.compactMap { tests[$0] }) }
    }

    /// Whether the entities of any type, or some of their attributes, are about people.
    package var isAboutPeople: Bool {
        needs.values.contains(where: \.meaning.isAboutPeople)
            || attributeNeeds.values.contains(where: \.meaning.isAboutPeople)
    }

    /// Whether entities of the type, or some of their attributes, are about people.
    package func isAboutPeople(_ type: IRI) -> Bool {
        (needs[type] ?? attributeNeeds[type])?.meaning.isAboutPeople ?? false
    }

    /// The attributes in which entities of the type name whom they are about.
    package func subjectNames(of type: IRI) -> Set<IRI> {
        Set(types[type]?.subjects.compactMap(\.names.first) ?? [])
    }

    /// The persons that the entity, or some of its attributes, is about, as far as it names them.
    package func subjects(of entity: Entity) -> Set<String> {
        var subjects: Set<String> = []
        for type in entity.types where isAboutPeople(type) {
            for path in types[type]?.subjects ?? [] { path.addSubjects(of: entity, to: &subjects) }
        }
        return subjects
    }

    /// The person that the entity is about; nil if that is nobody, or more than one.
    package func onlySubject(of entity: Entity) -> String? {
        let subjects = subjects(of: entity)
        return subjects.count == 1 ? subjects.first : nil
    }

    /// The class of an entity of these types: the highest of theirs.
    package func dataClass(of types: some Sequence<IRI>) -> DataClass {
        .highest(of: types) { self.types[$0]?.dataClass }
    }
}

extension DataClass {
    /// The class of an entity of these types, where that of each is known: the highest of theirs.
    fileprivate static func highest(
        of types: some Sequence<IRI>,
        _ known: (IRI) -> DataClass?
    ) -> DataClass {
        var highest: DataClass?
        for type in types {
            let one = known(type) ?? .internal
            highest = highest.map { max($0, one) } ?? one
        }
        return highest ?? .internal
    }
}

/// The term of a condition that holds for the entities of one class.
final class ClassTest: EntityDecider {
    let dataClass: DataClass
    /// How many classes there are.
    let classCount: Int
    private let classes: [IRI: DataClass]

    init(_ dataClass: DataClass, _ classes: [IRI: DataClass], of count: Int) {
        self.dataClass = dataClass
        classCount = count
        self.classes = classes
    }

    let attributeNames: [IRI] = []

    func holds(forTypes types: [IRI]) -> Bool? {
        DataClass.highest(of: types) { classes[$0] } == dataClass
    }

    func holds(for entity: Entity) -> Bool { holds(forTypes: entity.types) ?? false }
}

/// Where an entity names a person that it is about: an attribute, perhaps of an attribute, or its
/// identifier.
package struct SubjectPath: Sendable, Hashable {
    /// The attribute, then sub-attributes; none if the entity is the person itself.
    package let names: [IRI]

    package init(names: [IRI]) { self.names = names }

    /// Adds the persons that the entity names here.
    func addSubjects(of entity: Entity, to subjects: inout Set<String>) {
        guard let first = names.first else {
            subjects.insert(entity.id.uri)
            return
        }
        var instances = entity[first]
        for name in names.dropFirst() {
            instances = instances.flatMap { instance in
                instance.attributes.filter { $0.name == name }.flatMap(\.instances)
            }
        }
        for instance in instances {
            instance.value.addTexts(to: &subjects)
            // A notification may tell who it was before.
            instance.details?.previousValue?.addTexts(to: &subjects)
        }
    }
}

extension JSONValue {
    /// Adds its text, or those that it lists.
    fileprivate func addTexts(to texts: inout Set<String>) {
        switch self {
        case .string(let text): texts.insert(text)
        case .array(let elements): elements.forEach { $0.addTexts(to: &texts) }
        case .object(let members):
            // What a list of objects has for each (clause 4.5.21).
            members["object"]?.addTexts(to: &texts)
        case .null, .bool, .number: break
        }
    }
}
