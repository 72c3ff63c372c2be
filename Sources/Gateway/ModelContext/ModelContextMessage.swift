import Broker
import ContextModel

/// One message of the Model Context Protocol (JSON-RPC 2.0).
struct ModelContextMessage {
    /// The revisions that the hub speaks, the newest first.
    private static let versions = ["2025-06-18", "2025-03-26", "2024-11-05"]

    /// The errors of JSON-RPC 2.0 clause 5.1.
    private enum Fault: Int {
        case invalidRequest = -32600
        case unknownMethod = -32601
        case invalidParameters = -32602
    }

    private let json: JSONValue
    private let exchange: Exchange

    init(_ json: JSONValue, _ exchange: Exchange) {
        self.json = json
        self.exchange = exchange
    }

    /// The answer; nil for a notification, which has none.
    func answer() async throws -> JSONValue? {
        guard let message = json.objectValue, message["jsonrpc"]?.stringValue == "2.0",
            let method = message["method"]?.stringValue
        else { return fault(.invalidRequest, "This is not a request of JSON-RPC 2.0.", nil) }
        guard let id = message["id"] else { return nil }
        guard id.stringValue != nil || id.numberValue != nil else {
            return fault(.invalidRequest, "An id is a text or a number.", nil)
        }
        let parameters = message["params"]?.objectValue ?? [:]
        switch method {
        case "initialize": return result(introduction(parameters), id)
        case "ping": return result([:], id)
        case "tools/list":
            return result(["tools": .array(ModelTool.allCases.map(\.description))], id)
        case "tools/call": return try await call(parameters, id)
        default: return fault(.unknownMethod, "There is no method '\(method)'.", id)
        }
    }

    private func introduction(_ parameters: JSONObject) -> JSONValue {
        let wanted = parameters["protocolVersion"]?.stringValue ?? ""
        let version = Self.versions.contains(wanted) ? wanted : Self.versions[0]
        return [
            "protocolVersion": .string(version), "capabilities": ["tools": [:]],
            "serverInfo": ["name": "balai", "title": "Balai, a city's hub", "version": "1"],
            "instructions": .string(Self.instructions),
        ]
    }

    private static let instructions = """
        This is the data hub of a city. Entities (sensors, vehicles, places, requests) have a type, an id and \
        attributes. Begin with list_types. Answers have only what the caller may see; explain_access says why \
        something may be missing.
        """

    private func call(_ parameters: JSONObject, _ id: JSONValue) async throws -> JSONValue {
        let name = parameters["name"]?.stringValue ?? ""
        guard let tool = ModelTool(rawValue: name) else {
            return fault(.invalidParameters, "There is no tool '\(name)'.", id)
        }
        do {
            let arguments = try ToolArguments(parameters["arguments"], of: tool)
            return result(content(try await exchange.use(tool, arguments), isError: false), id)
        } catch let error as BrokerError {
            // The model reads the reason and can ask better.
            return result(content(.string(error.detail), isError: true), id)
        }
    }

    private func content(_ value: JSONValue, isError: Bool) -> JSONValue {
        let text = value.stringValue ?? value.text
        return [
            "content": [["type": "text", "text": .string(text)]], "isError": .bool(isError),
        ]
    }

    private func result(_ value: JSONValue, _ id: JSONValue) -> JSONValue {
        ["jsonrpc": "2.0", "id": id, "result": value]
    }

    private func fault(_ fault: Fault, _ text: String, _ id: JSONValue?) -> JSONValue {
        [
            "jsonrpc": "2.0", "id": id ?? .null,
            "error": ["code": .number(JSONNumber(fault.rawValue)), "message": .string(text)],
        ]
    }
}
