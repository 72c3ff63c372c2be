/// The purposes of the Data Privacy Vocabulary, and which is narrower than which.
///
/// From the vocabulary's module of purposes, version 2.3 (https://w3id.org/dpv, Data Privacy Vocabularies
/// and Controls Community Group). Two things are ours. `RightsFulfilment`, whose broader term there is
/// a legal basis, stands under `Purpose`. `PublicHealth`, which data catalogues use and the vocabulary
/// itself lacks, stands under `PublicBenefit`.
struct PurposeTaxonomy: Sendable {
    /// The number of a purpose.
    struct Term: Sendable, Hashable {
        fileprivate let index: Int
    }

    static let shared = PurposeTaxonomy(narrowerTerms)

    private let terms: [Substring: Term]
    private let texts: [String]
    /// Of each term itself and all that are broader.
    private let broader: [Set<Term>]

    /// `table` gives for each broader term those one step narrower.
    private init(_ table: [Substring: String]) {
        var parents: [Substring: [Substring]] = [:]
        for (parent, children) in table {
            for child in children.split(separator: " ") {
                parents[child, default: []].append(parent)
            }
        }
        let names = Set(parents.keys).union(table.keys).sorted()
        let terms = Dictionary(
            uniqueKeysWithValues: names.enumerated().map { ($0.element, Term(index: $0.offset)) }
        )
        self.terms = terms
        texts = names.map { Purpose.prefix + $0 }
        broader = names.map { name in
            var found: Set<Substring> = []
            var next = [name]
            while let name = next.popLast() {
                if found.insert(name).inserted { next += parents[name] ?? [] }
            }
            return Set(found.compactMap { terms[$0] })
        }
    }

    /// Each term's name, in the order of the alphabet.
    var names: [String] { texts.map { String($0.dropFirst(Purpose.prefix.count)) } }

    func term(_ name: Substring) -> Term? { terms[name] }

    func text(of term: Term) -> String { texts[term.index] }

    /// The term itself and all that are broader.
    func broader(_ term: Term) -> Set<Term> { broader[term.index] }

    func isOrNarrower(_ term: Term, than other: Term) -> Bool {
        broader[term.index].contains(other)
    }

    private static let narrowerTerms: [Substring: String] = [
        "Advertising": "PersonalisedAdvertising PoliticalCampaign RecruitmentAdvertising",
        "CommercialPurpose": "CommercialResearch",
        "CommunicationManagement": "CommunicationForCustomerCare",
        "CustomerCare": "CommunicationForCustomerCare",
        "CustomerManagement": """
        CustomerCare CustomerClaimsManagement CustomerOrderManagement \
        CustomerRelationshipManagement CustomerSolvencyMonitoring
        """,
        "CustomerRelationshipManagement": "ImproveInternalCRMProcesses",
        "EnforceSecurity": """
        EnforceAccessControl IdentityAuthentication MisusePreventionAndDetection \
        Verification
        """,
        "FraudPreventionAndDetection": "CounterMoneyLaundering MaintainFraudDatabase",
        "FulfilmentOfObligation": """
        FulfilmentOfContractualObligation LegalCompliance ProtectionOfIPR
        """,
        "HumanResourceManagement": "PersonnelManagement",
        "Marketing": "Advertising DirectMarketing PublicRelations SocialMediaMarketing",
        "MisusePreventionAndDetection": "FraudPreventionAndDetection",
        "NonCommercialPurpose": "NonCommercialResearch",
        "OptimisationForConsumer": "OptimiseUserInterface",
        "OptimisationForController": """
        ImproveExistingProductsAndServices ImproveInternalCRMProcesses \
        IncreaseServiceRobustness InternalResourceOptimisation
        """,
        "OrganisationGovernance": """
        DisputeManagement MemberPartnerManagement OrganisationComplianceManagement \
        OrganisationRiskManagement
        """,
        "Personalisation": "PersonalisedAdvertising PoliticalCampaign ServicePersonalisation",
        "PersonalisedAdvertising": "TargetedAdvertising",
        "PersonnelHiring": "PersonnelOnboarding RecruitmentAdvertising RecruitmentManagement",
        "PersonnelManagement": """
        PersonnelHiring PersonnelMonitoring PersonnelOffboarding PersonnelPayment \
        PersonnelPerformanceManagement PersonnelPromotionManagement \
        PersonnelTerminationManagement PersonnelWorkloadManagement
        """,
        "PersonnelMonitoring": """
        PersonnelBehaviourMonitoring PersonnelPerformanceManagement \
        PersonnelPerformanceMonitoring
        """,
        "PersonnelPerformanceManagement": """
        PersonnelPerformanceEvaluation PersonnelPerformanceMonitoring \
        PersonnelPerformancePrediction
        """,
        "ProvidePersonalisedRecommendations": """
        ProvideEventRecommendations ProvideProductRecommendations
        """,
        "PublicBenefit": """
        CombatClimateChange Counterterrorism DataAltruism ImproveHealthcare \
        ImprovePublicServices ImproveTransportMobility ProtectionOfNationalSecurity \
        ProtectionOfPublicSecurity ProvideOfficialStatistics PublicHealth PublicPolicyMaking
        """,
        "Purpose": """
        AccountManagement CommercialPurpose CommunicationManagement CustomerManagement \
        EnforceSecurity EstablishContractualAgreement FulfilmentOfObligation \
        HumanResourceManagement Marketing NonCommercialPurpose OrganisationGovernance \
        Personalisation PublicBenefit RecordManagement ResearchAndDevelopment \
        RightsFulfilment ServiceManagement VendorManagement
        """,
        "RecruitmentAdvertising": "RecruitmentTargetedAdvertising",
        "RecruitmentApplicationManagement": """
        RecruitmentApplicationAnalysis RecruitmentApplicationScreening
        """,
        "RecruitmentInterviewManagement": """
        RecruitmentInterviewAnalysis RecruitmentInterviewAssessment \
        RecruitmentInterviewScheduling
        """,
        "RecruitmentManagement": """
        RecruitmentApplicantBackgroundCheck RecruitmentApplicantCriminalBackgroundCheck \
        RecruitmentApplicantInformationAuthentication RecruitmentApplicantSelection \
        RecruitmentApplicationManagement RecruitmentInterviewManagement
        """,
        "RequestedServiceProvision": "DeliveryOfGoods",
        "ResearchAndDevelopment": """
        AcademicResearch CommercialResearch NonCommercialResearch ScientificResearch
        """,
        "SellProducts": "SellDataToThirdParties SellInsightsFromData SellProductsToDataSubject",
        "ServiceManagement": """
        PaymentManagement RepairImpairments ServiceAccessDetermination ServiceMonitoring \
        ServiceOptimisation ServicePersonalisation ServiceProvision ServiceRegistration
        """,
        "ServiceMonitoring": "ServiceUsageAnalytics",
        "ServiceOptimisation": "OptimisationForConsumer OptimisationForController",
        "ServicePersonalisation": """
        PersonalisedBenefits ProvidePersonalisedRecommendations UserInterfacePersonalisation
        """,
        "ServiceProvision": """
        RequestedServiceProvision SearchFunctionalities SellProducts \
        TechnicalServiceProvision
        """,
        "TargetedAdvertising": "RecruitmentTargetedAdvertising",
        "VendorManagement": "VendorPayment VendorRecordsManagement VendorSelectionAssessment",
        "Verification": "AgeVerification IdentityVerification",
    ]
}
