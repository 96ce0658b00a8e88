"""A question and answer chatbot."""
