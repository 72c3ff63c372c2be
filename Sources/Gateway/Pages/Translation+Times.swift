import ContextModel

/// Times and types in the words of a language.
extension Translation {
    /// "3 seconds ago"; "just now" also for a time slightly in the future, and "dated 2 hours
    /// ahead" for one far in the future.
    func ago(_ moment: Timestamp, now: Timestamp) -> String {
        let seconds = (now.microseconds - moment.microseconds) / 1_000_000
        if moment.isAhead(of: now) { return self("agoAhead", ["span": span(seconds: -seconds)]) }
        return seconds < 2 ? self("agoNow") : self("agoSpan", ["span": span(seconds: seconds)])
    }

    /// A duration in its largest fitting unit.
    func span(seconds: Int64) -> String {
        let (count, unit) = Words.largestUnit(of: seconds)
        return text(count, unit)
    }

    /// A duration such as "2 days, 3 hours".
    func duration(seconds: Int64) -> String {
        let parts: [(count: Int64, unit: Words.Unit)] =
            switch seconds {
            case ..<60: [(seconds, .second)]
            case ..<3_600: [(seconds / 60, .minute)]
            case ..<86_400: [(seconds / 3_600, .hour), (seconds % 3_600 / 60, .minute)]
            default: [(seconds / 86_400, .day), (seconds % 86_400 / 3_600, .hour)]
            }
        let shown = parts.prefix(1) + parts.dropFirst().filter { $0.count > 0 }
        return shown.map { text($0.count, $0.unit) }.joined(separator: ", ")
    }

    private func text(_ count: Int64, _ unit: Words.Unit) -> String {
        self(Self.key(of: unit, isOne: count == 1), ["count": "\(count)"])
    }

    private static func key(of unit: Words.Unit, isOne: Bool) -> String {
        switch unit {
        case .second: isOne ? "spanSecond" : "spanSeconds"
        case .minute: isOne ? "spanMinute" : "spanMinutes"
        case .hour: isOne ? "spanHour" : "spanHours"
        case .day: isOne ? "spanDay" : "spanDays"
        case .month: isOne ? "spanMonth" : "spanMonths"
        case .year: isOne ? "spanYear" : "spanYears"
        }
    }

    /// What people call a type: "TrafficFlowObserved" is "Traffic"; an unknown one is called by its name.
    func label(ofType name: String) -> String {
        Self.typeLabels[name].map { self($0) } ?? Words.label(ofType: name)
    }

    private static let typeLabels = [
        "TrafficFlowObserved": "labelTraffic", "CrowdFlowObserved": "labelPeople",
        "AirQualityObserved": "labelAir", "WeatherObserved": "labelWeather",
        "Vehicle": "labelVehicles", "Beach": "labelBeaches", "WasteContainer": "labelBins",
        "Streetlight": "labelLamps", "GtfsStop": "labelStops", "GtfsRoute": "labelRoutes",
        "GtfsTrip": "labelTrips", "GtfsFrequency": "labelTimetable",
        "GtfsAgency": "labelOperators", "GtfsStopTime": "labelStopTimes",
        "GtfsStation": "labelStations", "GtfsAccessPoint": "labelEntrances",
        "GtfsShape": "labelShapes", "GtfsService": "labelServices",
        "GtfsCalendarRule": "labelServiceDays", "GtfsCalendarDateRule": "labelExceptions",
        "GtfsTransferRule": "labelTransfers", "OffStreetParking": "labelParking",
    ]

    /// The words that scripts of pages with a map need, as JSON.
    var scriptWords: String {
        var json = JSONObject()
        for (key, text) in words.sorted(by: { $0.key < $1.key })
        where ["map", "span", "ago"].contains(where: { key.hasPrefix($0) }) {
            json.members.append((key, .string(text)))
        }
        return String(decoding: JSONValue.object(json).serialized, as: UTF8.self)
    }
}
