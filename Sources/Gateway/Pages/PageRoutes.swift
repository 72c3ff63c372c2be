import Broker
import HTTPTypes
import Hummingbird

extension RouteTable {
    /// Adds the pages *Now*, *Data* and *Health* and the files they are made of.
    package mutating func addPages(
        _ data: any PageData,
        assets: PageAssets,
        settings: PageSettings
    ) throws {
        let renderer = try PageRenderer(templates: assets.templates, settings: settings)
        add(Self.page("/", "Show the city on a map, live")) { _, context in
            let summary = try await data.summary(for: context.caller)
            return .page(try renderer.now(summary, at: data.now), settings)
        }
        add(Self.page("/data", "Show what is collected")) { _, context in
            let summary = try await data.summary(for: context.caller)
            return .page(try renderer.data(summary, at: data.now), settings)
        }
        add(Self.page("/hub", "Show how the hub is doing")) { _, context in
            let summary = try await data.summary(for: context.caller)
            let health = try await data.health(for: context.caller)
            return .page(try renderer.health(health, summary, at: data.now), settings)
        }
        add(Self.asset) { request, context in
            let names = try ["folder", "name"].map { try context.parameters.require($0) }
            return try assets.response(to: request, for: names.joined(separator: "/"))
        }
    }

    private static func page(_ path: String, _ summary: String) -> RouteDescription {
        RouteDescription(.get, path, .pages, summary, answers: "text/html")
    }

    private static let asset = RouteDescription(
        .get,
        "/assets/{folder}/{name}",
        .pages,
        "Serve a file that pages are made of"
    )
}

extension Response {
    fileprivate static func page(_ html: String, _ settings: PageSettings) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .cacheControl: "no-store",
                .contentSecurityPolicy: settings.contentSecurityPolicy,
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html))
        )
    }
}

extension PageAssets {
    /// The file, or 304 when the reader has it already.
    func response(to request: Request, for path: String) throws -> Response {
        guard let file = files[path] else {
            throw BrokerError(.resourceNotFound, "There is no file \"\(path)\".")
        }
        var headers: HTTPFields = [.eTag: file.entityTag, .cacheControl: "no-cache"]
        if request.headers[.ifNoneMatch]?.contains(file.entityTag) == true {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.mediaType
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes))
        return Response(status: .ok, headers: headers, body: body)
    }
}
