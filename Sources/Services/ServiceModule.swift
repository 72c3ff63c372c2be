package import ContextModel
package import Governance

/// A service of the city: what it is called, what it is for, what it needs, and what it does.
///
/// A module is a value that describes itself; the hub takes it up when it starts. It knows neither
/// HTTP nor a store. All it can do with the city's data it does through a `ServiceContext`, as a party
/// of its own that the policy decides about like about everybody else:
///
///     struct LampReports: ServiceModule {
///         let name: ServiceName
///         let title = "Broken lamps"
///         let purpose = Purpose("dpv:ServiceProvision")
///         let rights = [ServiceRight([.read], of: .type(IRI("…/Streetlight")))]
///         let routes = [ServiceRoute(.get, "broken", "List the lamps that are out") { request, _ in
///             .json(lamps(try await request.city.entities(query)))
///         }]
///     }
package protocol ServiceModule: Sendable {
    /// Its name: in the paths of its routes, and of the party it acts as.
    var name: ServiceName { get }
    /// Its name as people read it.
    var title: String { get }
    /// Why it works with the city's data: a purpose of the Data Privacy Vocabulary.
    var purpose: Purpose { get }
    /// What it may do with which entities; without a right it sees and changes nothing.
    var rights: [ServiceRight] { get }
    /// The types of the entities that it writes, by their short names or IRIs.
    var entityTypes: [String] { get }
    /// What its data is, as a body of `PUT /governance/v1/classification` with names of the core `@context`:
    /// put into force at the start for types that nobody has classified.
    var classification: JSONObject { get }
    /// Who may use its data, in ODRL: each is put into force at the start unless there is one with its `uid`.
    var policies: [JSONObject] { get }
    /// What it is told of by the hub.
    var subscriptions: [ServiceSubscription] { get }
    /// What it answers to programs, under `/services/NAME/`.
    var routes: [ServiceRoute] { get }
    /// What it shows to people, at `/services/NAME`; nil when it has nothing to show.
    var page: ServicePage? { get }
    /// What it does by itself while the hub runs.
    var jobs: [ServiceJob] { get }
}

extension ServiceModule {
    package var entityTypes: [String] { [] }
    package var classification: JSONObject { [:] }
    package var policies: [JSONObject] { [] }
    package var subscriptions: [ServiceSubscription] { [] }
    package var routes: [ServiceRoute] { [] }
    package var page: ServicePage? { nil }
    package var jobs: [ServiceJob] { [] }
}

/// What a service may do with which entities.
package struct ServiceRight: Sendable, Hashable {
    package var actions: Set<Action>
    package var target: Condition
    /// Attributes of these entities that stay invisible to it.
    package var hiddenAttributes: Set<IRI>

    package init(
        _ actions: Set<Action>,
        of target: Condition,
        hiding hiddenAttributes: Set<IRI> = []
    ) {
        self.actions = actions
        self.target = target
        self.hiddenAttributes = hiddenAttributes
    }
}

/// What a service does by itself while the hub runs.
package struct ServiceJob: Sendable {
    /// Tells it from the service's other jobs, in the log.
    package var name: String
    /// Runs until it has nothing more to do or its task is cancelled.
    ///
    /// What it throws is logged, and the job is begun again a while later.
    package var run: @Sendable (ServiceContext) async throws -> Void

    package init(
        _ name: String,
        run: @escaping @Sendable (ServiceContext) async throws -> Void
    ) {
        self.name = name
        self.run = run
    }
}
