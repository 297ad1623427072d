"""How a report is shown: on a terminal, in Allure, as JUnit XML."""
