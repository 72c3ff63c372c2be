import ContextModel
import Federation
import Governance
import HubNetwork

/// What a source has answered, element by element, each with the `@context` of its names.
typealias SourceElements = [(json: JSONValue, context: LDContext)]

/// Asks sources for one request.
struct SourceAsking: Sendable {
    let client: any SourceClient
    let federating: Federating
    let forwarding: Forwarding
    let caller: Caller
    /// Where the bytes of answers are counted.
    let memory: AnswerMemory
    let longWork: LongWork

    /// Whether the source is addressed in the names that the caller has: filters are passed on as
    /// they were written, and so only together with their `@context`.
    func isInCallersWords(_ manner: SourceManner) -> Bool {
        manner.context.isCore && forwarding.context.isCore
            || manner.context.url != nil && manner.context.url == forwarding.context.url
    }

    /// Reads the elements of an answer, each with the `@context` of its names; nil where the source
    /// says that there is nothing.
    func read<Value: Sendable>(
        _ answer: SourceAnswer,
        _ manner: SourceManner,
        _ contexts: SourceContexts,
        _ body: @escaping @Sendable (SourceElements) throws(SourceProblem) -> Value
    ) async throws(SourceProblem) -> Value? {
        switch answer.status {
        case 204, 404: return nil
        case 200..<300: break
        case 508: throw .loop
        default: throw .refused(status: answer.status)
        }
        guard LongWork.isLong(answer.body.count) else {
            return try body(try await elements(of: answer, manner, contexts))
        }
        return try await longWork.run(for: caller.sharer) { () throws(SourceProblem) in
            try body(try await elements(of: answer, manner, contexts))
        }
    }

    private func elements(
        of answer: SourceAnswer,
        _ manner: SourceManner,
        _ contexts: SourceContexts
    ) async throws(SourceProblem) -> SourceElements {
        let json: JSONValue
        do throws(JSONError) { json = try JSONReader.read(answer.body) } catch { throw .garbage }
        // A source that answers a query for one entity with that entity is understood.
        let elements = json.arrayValue ?? [json]
        guard elements.count <= SourceQuestion.maximumEntities else { throw .tooMuch }
        var named: SourceElements = []
        named.reserveCapacity(elements.count)
        for element in elements {
            guard !Task.isCancelled else { throw .late }
            var context = manner.context
            if answer.hasInnerContext, let inner = element.objectValue?["@context"] {
                context = try await contexts.resolved(inner)
            } else if let url = answer.contextURL, url != context.url {
                context = try await contexts.resolved(.string(url))
            }
            named.append((element, context))
        }
        return named
    }

    /// The answer of a source, within the caller's shares.
    ///
    /// A member of the network is told who asks and why, signed by this hub.
    func answer(
        to request: SourceRequest,
        maximumBytes: Int = FederationLimits.maximumAnswerBytes
    ) async throws(SourceProblem) -> SourceAnswer {
        var request = request
        let signer: RequestSigner?
        do {
            signer = try await federating.networking.signer(for: caller, to: request.endpoint)
        } catch {
            // The store cannot be read.
            throw .busy
        }
        if signer != nil {
            request.info.removeAll { $0.key.lowercased() == "data-purpose" }
            if let purpose = caller.purpose {
                request.info.append(KeyValuePair(key: "Data-Purpose", value: purpose.text))
            }
        }
        return try await client.answer(
            to: request,
            maximumBytes: maximumBytes,
            in: memory,
            for: caller.sharer,
            signedBy: signer
        )
    }

    /// The way in which requests are put to the source: in the words of its registration, or in
    /// the caller's if they have a name, or in full ones.
    func manner(
        for registration: ContextSourceRegistration,
        _ contexts: SourceContexts? = nil
    ) async throws(SourceProblem) -> SourceManner {
        var context = forwarding.context.url == nil ? LDContext.core : forwarding.context
        if let url = ConveyedInfo.contextURL(in: registration.info) {
            let contexts = contexts ?? SourceContexts(federating.resolver, for: caller.sharer)
            context = try await contexts.resolved(.string(url))
        }
        return SourceManner(
            context: context,
            via: forwarding.via + [federating.alias(of: caller.tenant)],
            conveyed: forwarding.conveyed
        )
    }
}
