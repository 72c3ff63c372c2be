import AsyncHTTPClient
import Broker
import Collect
import ContextModel
import Foundation
import Logging
import NIOCore
import NIOHTTP1

/// Asks an address at intervals, and takes its answers as messages of a source.
struct AddressPoller: Sendable {
    let source: LiveSource
    let address: PolledAddress
    let sourcing: Sourcing
    let secrets: SourceSecrets
    let web: OutboundWeb
    let clock: HubClock
    let logger: Logger

    private static let timeout = TimeAmount.seconds(30)
    /// After failures, the pause doubles up to this many intervals, and is an hour at most.
    private static let mostIntervals = 16
    private static let longestPause = 3_600

    /// What the server said of its last answer, so that the next question costs it little.
    private struct Validators {
        var entityTag: String?
        var lastModified: String?

        init() {}

        init(_ headers: HTTPHeaders) {
            entityTag = headers.first(name: "ETag")
            lastModified = headers.first(name: "Last-Modified")
        }
    }

    private struct Answer {
        var status: Int
        var body: [UInt8]
        var headers: HTTPHeaders
    }

    /// Runs until its task is cancelled.
    func run() async {
        var validators = Validators()
        var documents = FollowedDocuments()
        var failures = 0
        while !Task.isCancelled {
            var pause = address.everySeconds
            do {
                let pages = try await poll(&validators, &documents)
                // An answer that has not changed does not say again which documents there are.
                if pages.count > 0 { documents.end() }
                failures = 0
                sourcing.note(
                    pages.count == 0 ? "Nothing is new." : pages.sentence + documents.sentence,
                    isConnected: true,
                    of: source
                )
            } catch let error as PollFailure {
                failures += 1
                pause = Self.pause(address, after: failures)
                let now = clock()
                if let wait = error.wait(after: now), wait > pause {
                    pause = wait
                    let end = now.microseconds + Int64(wait) * 1_000_000
                    note("\(error) It is asked again at \(Timestamp(microseconds: end).text).")
                } else {
                    note(error.description)
                }
            } catch is CancellationError {
                return
            } catch {
                failures += 1
                pause = Self.pause(address, after: failures)
                note(Self.sentence(about: error))
            }
            guard (try? await clock.sleep(for: .seconds(pause))) != nil else { return }
        }
    }

    private static func pause(_ address: PolledAddress, after failures: Int) -> Int {
        let intervals = min(1 << min(failures - 1, 10), mostIntervals)
        return max(address.everySeconds, min(address.everySeconds * intervals, longestPause))
    }

    private static func sentence(about error: any Error) -> String {
        switch error {
        case let error as SourceError: error.description
        case let error as BrokerError: error.detail
        case let error as ForeignPage: error.description
        default: "The address cannot be reached: \(error)."
        }
    }

    private func note(_ sentence: String) {
        sourcing.note(sentence, isConnected: false, of: source)
        logger.warning(
            "a source does not answer: \(sentence)",
            metadata: ["source": "\(source.key.name)"]
        )
    }

    // MARK: Pages

    /// The pages that were answered: none when nothing has changed.
    private struct Pages {
        var count: Int
        /// Whether the last one leads to another, which is one too many to be asked for.
        var isCut = false

        var sentence: String {
            guard isCut else { return "Answered, with \(count) pages." }
            return
                "Answered, with \(count) pages, and there may be more: `maximumPages` is reached."
        }
    }

    /// Asks for all pages; returns how many there were.
    ///
    /// What the server said of its answer is kept where the answer is all there is: of further
    /// pages, an unchanged first one says nothing, and what failed has to be asked for again.
    private func poll(
        _ validators: inout Validators,
        _ documents: inout FollowedDocuments
    ) async throws -> Pages {
        documents.begin()
        var url = address.url
        var seen: Set<String> = []
        var offset = 0
        for page in 0..<max(1, address.maximumPages) {
            guard seen.insert(url).inserted else { return Pages(count: page) }
            let answer = try await ask(url, page == 0 ? validators : Validators())
            if answer.status == 304 { return Pages(count: 0) }
            guard answer.status == 200 else { throw PollFailure(answer.status, answer.headers) }
            try await take(answer, from: url, &documents)
            let next = try nextPage(answer, after: url, &offset)
            if page == 0 {
                let isAll = next == nil && documents.isComplete
                validators = isAll ? Validators(answer.headers) : Validators()
            }
            guard let next else { return Pages(count: page + 1) }
            url = next
        }
        return Pages(count: max(1, address.maximumPages), isCut: true)
    }

    /// Takes an answer as a message; of a feed of alerts, the documents to which it leads.
    private func take(
        _ answer: Answer,
        from url: String,
        _ documents: inout FollowedDocuments
    ) async throws {
        let definition = source.mapping.definition as? SourceDefinition
        let feed = definition?.format == .cap ? AlertFeed(answer.body) : nil
        if feed?.hasAlerts ?? true { try await receive(answer) }
        for link in feed?.links ?? [] where documents.needs(link) {
            guard let document = try await document(link, after: url, &documents) else { continue }
            try await receive(document)
            documents.take(link)
        }
    }

    private func receive(_ answer: Answer) async throws {
        let message = ReceivedMessage(answer.body, receivedAt: clock())
        _ = try await sourcing.receive([message], by: source)
    }

    /// The document to which the link leads; nil when it cannot be had now, which keeps no other one away.
    private func document(
        _ link: AlertFeed.Link,
        after url: String,
        _ documents: inout FollowedDocuments
    ) async throws -> Answer? {
        do {
            let target = try knownAddress(link.address, after: url, address.documents)
            let answer = try await ask(target.url, Validators(), isOwn: target.isOwn)
            guard answer.status == 200 else { throw PollFailure(answer.status, answer.headers) }
            return answer
        } catch {
            try Task.checkCancellation()
            documents.fail(Self.sentence(about: error))
            return nil
        }
    }

    /// The headers of the source, which may have a key, go to its own address alone.
    private func ask(
        _ url: String,
        _ validators: Validators,
        isOwn: Bool = true
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: OutboundWeb.userAgent)
        let headers = isOwn ? address.headers : [:]
        for (name, text) in headers.sorted(by: { $0.key < $1.key }) {
            switch text {
            case .plain(let value): request.headers.replaceOrAdd(name: name, value: value)
            case .secret(let reference):
                let secret = try secrets.text(of: reference)
                request.headers.replaceOrAdd(name: name, value: secret)
            }
        }
        if let tag = validators.entityTag {
            request.headers.replaceOrAdd(name: "If-None-Match", value: tag)
        }
        if let time = validators.lastModified {
            request.headers.replaceOrAdd(name: "If-Modified-Since", value: time)
        }
        let response = try await web.client.execute(request, deadline: .now() + Self.timeout)
        let body = try await response.body.collect(upTo: Self.maximumBytes)
        return Answer(
            status: Int(response.status.code),
            body: Array(buffer: body),
            headers: response.headers
        )
    }

    /// The most bytes of an answer.
    static let maximumBytes = 16 << 20

    private static func origin(_ url: URLComponents) -> String {
        let port = url.port ?? (url.scheme == "https" ? 443 : 80)
        return "\(url.scheme ?? "")://\(url.host ?? ""):\(port)".lowercased()
    }

    /// The address of the next page; nil after the last one.
    private func nextPage(
        _ answer: Answer,
        after url: String,
        _ offset: inout Int
    ) throws -> String? {
        switch address.paging {
        case nil: return nil
        case .token(let path, let parameter):
            guard let token = try first(path, in: answer), !token.isEmpty else { return nil }
            return Self.url(address.url, setting: parameter, to: token)
        case .offset(let parameter, let step):
            // The page after the last one has no rows.
            guard try rowCount(of: answer) > 0 else { return nil }
            offset += step
            return Self.url(address.url, setting: parameter, to: "\(offset)")
        case .link(let path?):
            guard let link = try first(path, in: answer) else { return nil }
            return try ownAddress(link, after: url)
        case .link(nil):
            guard let link = NextLink.target(in: answer.headers["Link"]) else { return nil }
            return try ownAddress(link, after: url)
        }
    }

    private func rowCount(of answer: Answer) throws -> Int {
        guard let definition = source.mapping.definition as? SourceDefinition else { return 0 }
        return try SourceMapper(definition)
            .rowCount(of: SourceMessage(answer.body, receivedAt: clock()))
    }

    private func first(_ path: JSONPath, in answer: Answer) throws -> String? {
        switch try path.first(in: JSONReader.read(answer.body)) {
        case .string(let text)?: text
        case .number(let number)?: number.literal
        case .null?, .bool?, .array?, .object?, nil: nil
        }
    }

    /// The address to which a link leads, at the host and port that the operator named.
    ///
    /// A server that is asked may not choose what else the hub asks: another host may be one that
    /// only the hub can reach. Throws for a link that leads elsewhere.
    private func ownAddress(_ link: String, after url: String) throws -> String {
        try knownAddress(link, after: url, []).url
    }

    /// The same at one of the `others`, too; and whether it is at the source's own host and port.
    private func knownAddress(
        _ link: String,
        after url: String,
        _ others: [String]
    ) throws -> (url: String, isOwn: Bool) {
        guard let base = URL(string: url),
            let resolved = URL(string: link, relativeTo: base)?.absoluteURL.absoluteString,
            let parts = URLComponents(string: resolved), parts.user == nil
        else { throw ForeignPage() }
        let origin = Self.origin(parts)
        func isThere(_ known: String) -> Bool {
            URLComponents(string: known).map(Self.origin) == origin
        }
        let isOwn = isThere(address.url)
        guard isOwn || others.contains(where: isThere) else { throw ForeignPage() }
        return (resolved, isOwn)
    }

    static func url(_ url: String, setting parameter: String, to value: String) -> String? {
        guard var parts = URLComponents(string: url) else { return nil }
        // What the operator wrote stays as it is written.
        var items = parts.percentEncodedQueryItems ?? []
        items.removeAll { $0.name.removingPercentEncoding == parameter }
        items.append(URLQueryItem(name: encoded(parameter), value: encoded(value)))
        parts.percentEncodedQueryItems = items
        return parts.string
    }

    /// The text for a query, where `+` may stand for a blank and so is encoded; `$` begins names of OData.
    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }

    private static let plain = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~$"
    )
}

/// The link to the next page in `Link` headers (RFC 8288).
enum NextLink {
    static func target(in fields: [String]) -> String? {
        for link in fields.flatMap({ $0.split(separator: ",") }) {
            guard let open = link.firstIndex(of: "<"), let close = link.firstIndex(of: ">"),
                open < close
            else { continue }
            let parameters = link[close...].dropFirst().split(separator: ";")
            let isNext = parameters.contains { parameter in
                let parts = parameter.split(separator: "=", maxSplits: 1).map {
                    $0.trimmingCharacters(in: CharacterSet(charactersIn: " \""))
                }
                return parts.count == 2 && parts[0].lowercased() == "rel"
                    && parts[1].split(separator: " ").contains("next")
            }
            if isNext { return String(link[link.index(after: open)..<close]) }
        }
        return nil
    }
}

/// The next page, or a document, is said to be at another host or port, where the hub does not ask.
struct ForeignPage: Error, CustomStringConvertible {
    let description = "What follows is said to be at another address than the source's own."
}

/// An answer with another status than that of success.
struct PollFailure: Error, CustomStringConvertible {
    var status: Int
    /// What the server says of when to ask again (RFC 9110, clause 10.2.3): a number of seconds, or a date.
    private var retryAfter: String?

    init(_ status: Int, _ headers: HTTPHeaders) {
        self.status = status
        retryAfter = headers.first(name: "Retry-After")
    }

    /// The longest that a server can make the hub wait, in seconds: a day.
    private static let longestWait = 86_400

    /// The seconds from now until the server wants to be asked again, a day at most; nil where it does not say.
    func wait(after now: Timestamp) -> Int? {
        guard let text = retryAfter?.trimmingCharacters(in: .whitespaces), !text.isEmpty else {
            return nil
        }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return min(Int(text) ?? Self.longestWait, Self.longestWait)
        }
        guard let date = HTTPDate.moment(text) else { return nil }
        let seconds = (date.microseconds - now.microseconds + 999_999) / 1_000_000
        return min(max(Int(seconds), 0), Self.longestWait)
    }

    var description: String { "The address answers with \(status)." }
}
