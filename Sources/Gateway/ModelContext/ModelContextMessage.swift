import Broker
import ContextModel
import HummingbirdCore
import Storage

/// One message of the Model Context Protocol (JSON-RPC 2.0).
struct ModelContextMessage {
    /// The revisions that the hub speaks, the newest first.
    static let versions = ["2025-06-18"]

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
        guard let message = json.objectValue, message["jsonrpc"]?.stringValue == "2.0" else {
            return fault(.invalidRequest, "This is no message of JSON-RPC 2.0.", nil)
        }
        guard let method = message["method"]?.stringValue else {
            // The hub asks nothing, so an answer is for nobody.
            let isAnswer = message["result"] != nil || message["error"] != nil
            if isAnswer { return Optional.none }
            return fault(.invalidRequest, "The message has no method.", nil)
        }
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
        let given = parameters["arguments"] ?? [:]
        guard let given = given.objectValue else {
            return fault(.invalidParameters, "The arguments are no object.", id)
        }
        // The model reads the reason of an error and can ask better.
        do {
            let arguments = try ToolArguments(given, of: tool)
            let text = try await exchange.use(tool, arguments)
            guard text.utf8.count <= Self.maximumAnswerBytes else {
                let most = Self.maximumAnswerBytes
                return result(
                    content("The answer has more than \(most) bytes; ask for less.", isError: true),
                    id
                )
            }
            return result(content(text, isError: false), id)
        } catch let error as BrokerError {
            exchange.context.denials?.note(error.code, exchange.request.head, exchange.context)
            return result(content(error.detail, isError: true), id)
        } catch let error as StorageError where Self.isOfQuestion(error) {
            return result(content("The answer would be too long; ask for less.", isError: true), id)
        }
    }

    /// The most bytes of a tool's answer: more than a model can read at once.
    private static let maximumAnswerBytes = 1 << 20

    /// Whether a smaller question would be answered.
    private static func isOfQuestion(_ error: StorageError) -> Bool {
        error.code == .tooManyResults || error.code == .tookTooLong
    }

    private func content(_ text: String, isError: Bool) -> JSONValue {
        [
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
