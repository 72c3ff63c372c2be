import Broker
import ContextModel
import Storage

/// Writes the answer to a question of the SensorThings API.
struct ThingsAnswer {
    let service: ThingsService
    private let question: ThingsQuestion
    private let found: ChosenEntities<ThingsChooser>
    private let readings: ThingsHistories

    private var chooser: ThingsChooser { found.chooser }
    private var path: ThingsPath { question.path }
    private var options: ThingsOptions { question.options }

    init(
        service: ThingsService,
        question: ThingsQuestion,
        found: ChosenEntities<ThingsChooser>
    ) {
        self.service = service
        self.question = question
        self.found = found
        var readings = found.chooser.readings
        readings.take(found.histories)
        self.readings = readings
    }

    /// The approximate bytes, by which long answers are shared out among the parties.
    var approximateBytes: Int {
        let instances = found.histories.reduce(0) { $0 + $1.instanceCount }
        return 700 * (chooser.elements.count + chooser.expandedCount + instances)
    }

    private static let maximumReservedBytes = 16 << 20

    /// Throws `resourceNotFound` when there is not what the path leads to.
    func bytes() throws -> [UInt8] {
        var json = JSONWriter(
            reservingBytes: max(16_384, min(approximateBytes, Self.maximumReservedBytes))
        )
        if path.id != nil {
            let element = try single()
            if case .property(let name, _) = path.ending {
                json.beginObject()
                json.key(name)
                json.value(chooser.shown.property(name, of: element))
                json.endObject()
            } else {
                try writer.write(element, ThingsLayout(element.kind, options), to: &json)
            }
            return json.bytes
        }
        if let parent = path.parent, !chooser.hasSeenAny {
            throw ThingsPath.missing(parent.kind, parent.id)
        }
        let list = try list()
        if path.ending == .count {
            json.number(list.count ?? list.elements.count)
            return json.bytes
        }
        try write(list, to: &json)
        return json.bytes
    }

    private func write(_ list: ThingsList, to json: inout JSONWriter) throws {
        json.beginObject()
        if let count = list.count {
            json.key("@iot.count")
            json.number(count)
        }
        json.key("value")
        json.beginArray()
        let (writer, layout) = (writer, ThingsLayout(path.kind, options))
        for element in list.elements {
            if path.ending == .references {
                let id = chooser.shown.identifier(element)
                json.value(["@iot.selfLink": .string(service.address(of: element.kind, id))])
            } else {
                try writer.write(element, layout, to: &json)
            }
        }
        json.endArray()
        if let next = list.next {
            json.key("@iot.nextLink")
            json.string(next)
        }
        json.endObject()
    }

    private var writer: ThingsWriter {
        ThingsWriter(service: service, chosen: chooser, readings: readings)
    }

    /// The one entity that the path leads to.
    func single() throws -> ThingsElement {
        guard let id = path.id else { throw ThingsPath.missing(path.kind, "") }
        let time = ThingsIdentifier(id, of: path.kind)?.time
        for element in chooser.elements {
            guard path.kind.isOfHistory || path.kind == .locations, time != nil else {
                return element
            }
            var all = ThingsOptions()
            all.top = readings.limits.maximumInstances
            for past in try readings.page(of: element, all, number: 0).elements
            where chooser.shown.identifier(past) == id {
                guard path.kind == .locations,
                    case .historicalLocation(let entity, let place) = past
                else { return past }
                return .location(entity, past: place)
            }
        }
        throw ThingsPath.missing(path.kind, id)
    }

    // MARK: Lists

    /// A page of the list, with the address of the next one.
    private struct ThingsList {
        var elements: [ThingsElement]
        var count: Int?
        var next: String?
    }

    private var address: String {
        path.parent.map { "\(service.address(of: $0.kind, $0.id))/\(path.kind.rawValue)" }
            ?? service.address(of: path.kind)
    }

    private func list() throws -> ThingsList {
        if path.kind.isOfHistory { return try historyList() }
        let count = options.wantsCount ? found.count ?? chooser.matched : nil
        var next: String?
        if chooser.isDirect {
            // The store has found one more than the page where there is one.
            if found.hasMore {
                next = service.link(address, options, skipping: options.skip + options.top)
            }
        } else if chooser.next == .beyondSkip {
            next = service.link(address, options, skipping: options.skip + options.top)
        } else if let position = chooser.next {
            next = service.link(address, options, from: position)
        }
        let elements = Array(chooser.elements.prefix(options.top))
        return ThingsList(elements: elements, count: count, next: options.top > 0 ? next : nil)
    }

    private func historyList() throws -> ThingsList {
        guard path.parent == nil else { return try historyListOfParent() }
        var (elements, next) = ([ThingsElement](), chooser.next)
        var own = options
        own.skip = 0
        for (index, parent) in chooser.elements.enumerated() {
            let page = try readings.page(of: parent, own, number: 0)
            let room = options.top - elements.count
            elements += page.elements.prefix(room)
            guard page.elements.count > room || page.hasMore || room == 0 else { continue }
            var position = chooser.positions[index]
            if room > 0 { position.before = elements.last?.moment }
            next = position
            break
        }
        return ThingsList(
            elements: elements,
            next: next.map { service.link(address, options, from: $0) }
        )
    }

    private func historyListOfParent() throws -> ThingsList {
        var parents = chooser.elements
        if path.parent?.kind == .featuresOfInterest, let entity = parents.first?.entity {
            parents = [.featureOfInterest(entity)]
        }
        guard let parent = parents.first else { return ThingsList(elements: []) }
        let page = try readings.page(of: parent, options, number: 0)
        var next: String?
        if page.hasMore {
            let isInTime =
                parent.kind == .datastreams && options.timeOrder != nil
                && options.timeRange.rest == nil
            let position = ThingsPosition(before: page.elements.last?.moment)
            next =
                isInTime && options.top > 0
                ? service.link(address, options, from: position)
                : service.link(address, options, skipping: options.skip + options.top)
        }
        return ThingsList(elements: page.elements, count: page.count, next: next)
    }
}

extension ThingsElement {
    fileprivate var moment: Timestamp? {
        switch self {
        case .observation(_, let instance), .historicalLocation(_, let instance):
            instance.momentInTable(.observedAt)
        default: nil
        }
    }
}
