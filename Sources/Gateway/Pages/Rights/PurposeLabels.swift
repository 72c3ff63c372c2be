import ContextModel
import Governance

/// The names of purposes in the language of a page.
extension Translation {
    /// The purpose in words: "Public health"; one without words of its own has the vocabulary's name, in English.
    func label(ofPurpose purpose: String) -> String {
        let name = Self.name(of: purpose)
        return Self.purposeLabels[name].map { self($0) } ?? Words.label(ofType: name)
    }

    /// The language of that name.
    func language(ofPurpose purpose: String) -> String {
        Self.purposeLabels[Self.name(of: purpose)] == nil ? "en" : language
    }

    private static func name(of purpose: String) -> String {
        Purpose(purpose).text.replacing("dpv:", with: "")
    }

    /// The keys of the words for terms of the Data Privacy Vocabulary that cities use.
    private static let purposeLabels = [
        "AccountManagement": "dpvAccountManagement",
        "CommercialPurpose":
            "dpvCommercialPurpose", "CommunicationManagement": "dpvCommunicationManagement",
        "CustomerManagement": "dpvCustomerManagement", "CustomerCare": "dpvCustomerCare",
        "EnforceSecurity": "dpvEnforceSecurity",
        "EnforceAccessControl":
            "dpvEnforceAccessControl",
        "EstablishContractualAgreement":
            "dpvEstablishContractualAgreement",
        "FraudPreventionAndDetection":
            "dpvFraudPreventionAndDetection", "FulfilmentOfObligation": "dpvFulfilmentOfObligation",
        "FulfilmentOfContractualObligation": "dpvFulfilmentOfContractualObligation",
        "LegalCompliance": "dpvLegalCompliance",
        "HumanResourceManagement":
            "dpvHumanResourceManagement", "Marketing": "dpvMarketing",
        "Advertising":
            "dpvAdvertising", "DirectMarketing": "dpvDirectMarketing",
        "NonCommercialPurpose":
            "dpvNonCommercialPurpose", "OrganisationGovernance": "dpvOrganisationGovernance",
        "Personalisation": "dpvPersonalisation", "PublicBenefit": "dpvPublicBenefit",
        "CombatClimateChange": "dpvCombatClimateChange",
        "Counterterrorism":
            "dpvCounterterrorism", "DataAltruism": "dpvDataAltruism",
        "ImproveHealthcare":
            "dpvImproveHealthcare", "ImprovePublicServices": "dpvImprovePublicServices",
        "ImproveTransportMobility": "dpvImproveTransportMobility",
        "ProtectionOfNationalSecurity": "dpvProtectionOfNationalSecurity",
        "ProtectionOfPublicSecurity": "dpvProtectionOfPublicSecurity",
        "ProvideOfficialStatistics": "dpvProvideOfficialStatistics",
        "PublicHealth":
            "dpvPublicHealth", "PublicPolicyMaking": "dpvPublicPolicyMaking",
        "RecordManagement":
            "dpvRecordManagement", "ResearchAndDevelopment": "dpvResearchAndDevelopment",
        "AcademicResearch": "dpvAcademicResearch",
        "CommercialResearch":
            "dpvCommercialResearch", "NonCommercialResearch": "dpvNonCommercialResearch",
        "ScientificResearch": "dpvScientificResearch",
        "RightsFulfilment":
            "dpvRightsFulfilment", "ServiceManagement": "dpvServiceManagement",
        "ServiceProvision":
            "dpvServiceProvision", "RequestedServiceProvision": "dpvRequestedServiceProvision",
        "ServiceOptimisation": "dpvServiceOptimisation",
        "ServiceUsageAnalytics":
            "dpvServiceUsageAnalytics", "PaymentManagement": "dpvPaymentManagement",
        "RepairImpairments": "dpvRepairImpairments", "VendorManagement": "dpvVendorManagement",
        "Verification": "dpvVerification", "IdentityVerification": "dpvIdentityVerification",
    ]
}
