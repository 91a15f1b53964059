"""The intents by kind, most urgent kind first. The names are fixed: evaluation scores them."""
from __future__ import annotations

# In the order in which the labelling guide puts them when several fit.
SAFETY = ("immediate_danger", "child_at_risk", "suicidal_or_self_harm", "quick_exit")
TALK = (
    "greet", "goodbye", "affirm", "deny", "thanks", "bot_challenge", "ask_capabilities", "restart", "feedback_positive",
    "feedback_negative_complaint", "talk_to_human", "give_location", "out_of_scope",
)
SERVICES = (
    "ask_helpline", "ask_refuge", "ask_outreach", "request_referral", "withdraw_referral", "ask_referral_status",
    "ask_confidentiality_privacy", "ask_cost", "ask_opening_hours", "ask_eligibility", "ask_language_interpreter",
    "ask_accessibility", "ask_professional",
)
TOPICS = (
    "ask_what_is_abuse", "ask_coercive_control", "ask_economic_abuse", "ask_stalking_harassment", "ask_sexual_violence",
    "ask_honour_based_abuse_forced_marriage", "ask_fgm", "ask_tech_abuse", "ask_image_abuse", "ask_police_reporting",
    "ask_silent_999", "ask_clares_law", "ask_protective_orders", "ask_legal_help", "ask_child_contact",
    "ask_children_support", "ask_housing", "ask_money_benefits", "ask_immigration", "ask_safety_planning",
    "ask_health_injury", "ask_mental_health_support", "ask_pets", "ask_workplace", "ask_evidence", "ask_reporting_time",
)
PEOPLE = (
    "ask_male_victim", "ask_lgbt_support", "ask_older_disabled_support", "ask_young_person", "ask_child_to_parent_abuse",
    "ask_worried_about_someone", "ask_perpetrator_help",
)
FEELINGS = ("express_fear", "express_shame_selfblame", "express_distress", "disclose_abuse")

CATALOGUE = SAFETY + TALK + SERVICES + TOPICS + PEOPLE + FEELINGS
# What a second part of a message can be answered with, after the first.
ANSWERABLE = frozenset(SERVICES + TOPICS + PEOPLE)
