"""The systems this program knows, by the name a stack's configuration uses."""

from __future__ import annotations

from systems.agent_platform import SYSTEM as AGENT_PLATFORM
from systems.course_chatbot import SYSTEM as COURSE_CHATBOT
from systems.qa_chatbot import SYSTEM as QA_CHATBOT
from systems.rag_chatbot import SYSTEM as RAG_CHATBOT
from systems.sales_support import SYSTEM as SALES_SUPPORT
from systems.system import System

SYSTEMS: dict[str, System] = {
    "agent-platform": AGENT_PLATFORM,
    "course-chatbot": COURSE_CHATBOT,
    "qa-chatbot": QA_CHATBOT,
    "rag-chatbot": RAG_CHATBOT,
    "sales-support": SALES_SUPPORT,
}

__all__ = ("SYSTEMS", "System")
