"""The tooling around crmkit: what students, teachers and consultants run. A notebook never imports it."""
