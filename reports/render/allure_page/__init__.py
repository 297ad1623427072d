"""The Allure page of a report: drawn from what was verified, by npm's ``allure``, as one file that asks no network."""
