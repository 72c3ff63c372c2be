package import ContextModel
package import Governance

/// A service of the city: its name, its purpose, its needs and its work.
///
/// A module is a value that describes itself; the hub adopts it at its start. It knows neither
/// HTTP nor a store. It reaches city data only through a `ServiceContext`, as a party of its own,
/// about which the policy decides as about every other party:
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
    /// Its name, which is in the paths of its routes and in its party.
    var name: ServiceName { get }
    /// Its name for people.
    var title: String { get }
    /// The purpose for which it uses city data, from the Data Privacy Vocabulary.
    var purpose: Purpose { get }
    /// Its rights to entities; without a right it can see and change nothing.
    var rights: [ServiceRight] { get }
    /// The types of the entities that it writes, as short names or IRIs.
    var entityTypes: [String] { get }
    /// What its data is, as a body of `PUT /governance/v1/classification` with names of the core `@context`:
    /// put into force at the start for types that nobody has classified.
    var classification: JSONObject { get }
    /// Who may use its data, in ODRL: each is put into force at the start unless there is one with its `uid`.
    var policies: [JSONObject] { get }
    /// What it is told of by the hub.
    var subscriptions: [ServiceSubscription] { get }
    /// Its routes for programs, under `/services/NAME/`.
    var routes: [ServiceRoute] { get }
    /// Its page for people, at `/services/NAME`; nil when it has none.
    var page: ServicePage? { get }
    /// The jobs that run while the hub runs.
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

/// A right of a service: actions on entities.
package struct ServiceRight: Sendable, Hashable {
    package var actions: Set<Action>
    package var target: Condition
    /// The attributes of these entities that stay hidden from it.
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

/// A job of a service, which runs while the hub runs.
package struct ServiceJob: Sendable {
    /// The name of the job, in the log.
    package var name: String
    /// Runs until it has nothing more to do or its task is cancelled.
    ///
    /// An error is logged, and the job is started again after a pause.
    package var run: @Sendable (ServiceContext) async throws -> Void

    package init(
        _ name: String,
        run: @escaping @Sendable (ServiceContext) async throws -> Void
    ) {
        self.name = name
        self.run = run
    }
}
