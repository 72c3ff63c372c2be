import Broker
import ContextModel
import HTTPTypes
import Hummingbird
import HubNetwork

/// Reports of incidents for other cities and for whoever coordinates them (TAXII 2.1). Not part of the standard.
///
/// The hub has one API root, with one collection.
extension NGSILDRoutes {
    mutating func addTaxiiRoutes() {
        addTaxiiInformation()
        let statuses = TaxiiStatuses()
        addTaxiiObjects(statuses)
        addTaxiiObject()
        taxii(
            RouteDescription(.get, Taxii.root + "status/{statusId}/", .network, "Get Status")
        ) { exchange in
            try await exchange.hub.coordinating.requireWriting(exchange.caller)
            let id = try exchange.capture("statusId")
            guard let status = statuses.status(id, of: exchange.caller) else {
                throw BrokerError(.resourceNotFound, "There is no status '\(id)'.")
            }
            return Taxii.answer(status)
        }
    }

    private mutating func addTaxiiInformation() {
        taxii(
            RouteDescription(.get, Taxii.base, .network, "Get Server Discovery")
        ) { exchange in
            _ = try await exchange.taxiiRights()
            let root = JSONValue.string(exchange.taxiiRoot)
            return Taxii.answer([
                "title": "Reports of incidents", "default": root, "api_roots": [root],
            ])
        }
        taxii(
            RouteDescription(.get, Taxii.root, .network, "Get API Root Information")
        ) { exchange in
            _ = try await exchange.taxiiRights()
            return Taxii.answer([
                "title": "This hub", "versions": [.string(Taxii.mediaType)],
                "max_content_length": .number(JSONNumber(Taxii.maximumBodyBytes)),
            ])
        }
        taxii(
            RouteDescription(.get, Taxii.collections, .network, "Get Collections")
        ) { exchange in
            let rights = try await exchange.taxiiRights()
            return Taxii.answer(["collections": [.object(Taxii.collection(rights))]])
        }
        taxii(
            RouteDescription(.get, Taxii.one, .network, "Get a Collection")
        ) { exchange in
            let rights = try await exchange.taxiiRights()
            try exchange.requireTaxiiCollection()
            return Taxii.answer(Taxii.collection(rights))
        }
    }

    private mutating func addTaxiiObjects(_ statuses: TaxiiStatuses) {
        taxii(
            RouteDescription(
                .get,
                Taxii.one + "manifest/",
                .network,
                "Get Object Manifests",
                query: TaxiiFilter.parameters
            )
        ) { exchange in
            try await exchange.taxiiPage(TaxiiFilter(exchange.items)) {
                Taxii.envelope("objects", $0, Taxii.manifest)
            }
        }
        taxii(
            RouteDescription(
                .get,
                Taxii.objects,
                .network,
                "Get Objects",
                query: TaxiiFilter.parameters
            )
        ) { exchange in
            try await exchange.taxiiPage(TaxiiFilter(exchange.items)) {
                Taxii.envelope("objects", $0) { .object($0.report.object.json) }
            }
        }
        var adding = RouteDescription(
            .post,
            Taxii.objects,
            .network,
            "Add Objects",
            accepts: [Taxii.mediaType],
            body: .reportEnvelope,
            status: 202
        )
        adding.answers = Taxii.mediaType
        taxii(adding) { exchange in
            try await exchange.hub.coordinating.requireWriting(exchange.caller)
            try exchange.requireTaxiiCollection()
            let begin = exchange.hub.clock()
            let outcomes = try await exchange.hub.coordinating.addReports(
                try await exchange.taxiiObjects(),
                caller: exchange.caller
            )
            let status = Taxii.status(
                exchange.hub.makeIdentifier(),
                of: outcomes,
                requested: begin
            )
            statuses.keep(status, of: exchange.caller)
            return Taxii.answer(status, .accepted)
        }
    }

    private mutating func addTaxiiObject() {
        let object = Taxii.objects + "{objectId}/"
        let query = TaxiiFilter.parameters.filter {
            !["match[id]", "match[type]"].contains($0.name)
        }
        taxii(
            RouteDescription(.get, object, .network, "Get an Object", query: query)
        ) { exchange in
            try await exchange.taxiiPage(try await exchange.taxiiObject()) {
                Taxii.envelope("objects", $0) { .object($0.report.object.json) }
            }
        }
        taxii(
            RouteDescription(
                .get,
                object + "versions/",
                .network,
                "Get Object Versions",
                query: query.filter { $0.name != "match[version]" }
            )
        ) { exchange in
            var filter = try await exchange.taxiiObject()
            filter.filter.versions = [.all]
            return try await exchange.taxiiPage(filter) {
                Taxii.envelope("versions", $0) { Taxii.version(of: $0) }
            }
        }
    }

    /// Adds a route whose answers have the media type of TAXII.
    private mutating func taxii(
        _ description: RouteDescription,
        _ handler: @escaping ExchangeHandler
    ) {
        var description = description
        description.answers = Taxii.mediaType
        add(description) { exchange in
            try Taxii.requireAccepted(exchange.request.headers[.accept])
            return try await handler(exchange)
        }
    }
}

extension Exchange {
    fileprivate func taxiiRights() async throws -> (mayRead: Bool, mayWrite: Bool) {
        try await hub.coordinating.rights(of: caller)
    }

    /// The address of the API root.
    fileprivate var taxiiRoot: String {
        request.head.address(publicURL: settings.publicURL, hasTLS: settings.hasTLS) + Taxii.root
    }

    fileprivate func requireTaxiiCollection() throws(BrokerError) {
        let id = try capture("collectionId")
        guard id == Taxii.collectionID else {
            throw BrokerError(.resourceNotFound, "There is no collection '\(id)'.")
        }
    }

    /// A page of the collection with the moments at which its first and its last object came (clauses 5.3, 5.4 and 5.8).
    fileprivate func taxiiPage(
        _ filter: TaxiiFilter,
        _ envelope: (ReportPage) -> JSONObject
    ) async throws -> Response {
        // Whether there is such a collection is for those who may read.
        let page = try await hub.coordinating.queryReports(
            filter.filter,
            limit: filter.limit,
            caller: caller
        )
        try requireTaxiiCollection()
        var response = Taxii.answer(envelope(page))
        response.headers[.dateAddedFirst] = page.reports.first?.added.text
        response.headers[.dateAddedLast] = page.reports.last?.added.text
        return response
    }

    /// The filter for the one object of the path, which must be there.
    fileprivate func taxiiObject() async throws -> TaxiiFilter {
        let id = try capture("objectId")
        var all = ReportFilter()
        all.ids = [id]
        all.versions = [.all]
        let found = try await hub.coordinating.queryReports(all, limit: 1, caller: caller)
        guard !found.reports.isEmpty else {
            throw BrokerError(.resourceNotFound, "There is no object '\(id)'.")
        }
        var filter = try TaxiiFilter(items)
        filter.filter.ids = [id]
        return filter
    }

    /// The objects of an envelope (clause 3.7).
    fileprivate func taxiiObjects() async throws -> [JSONValue] {
        try Taxii.requireContentType(request.headers[.contentType])
        let bytes = try await request.bytes(limit: Taxii.maximumBodyBytes)
        let json: JSONValue
        do throws(JSONError) {
            json = try bytes.withUnsafeReadableBytes { raw throws(JSONError) in
                try JSONReader.read(raw, limits: settings.jsonLimits)
            }
        } catch {
            throw BrokerError(.invalidRequest, "The body is not valid JSON. \(error)")
        }
        guard let envelope = json.objectValue, let objects = envelope["objects"]?.arrayValue,
            envelope.count == 1, !objects.isEmpty
        else {
            throw BrokerError(.badRequestData, "An envelope is {\"objects\": [OBJECT, …]}.")
        }
        return objects
    }
}

extension HTTPField.Name {
    fileprivate static let dateAddedFirst = known("X-TAXII-Date-Added-First")
    fileprivate static let dateAddedLast = known("X-TAXII-Date-Added-Last")
}
