import sys

# jsonschema looks for it to check IRIs, which nobody here asks for, and it takes a second to build its grammar
sys.modules.setdefault("rfc3987_syntax", None)
