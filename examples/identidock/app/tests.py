import unittest

import identidock


class TestCase(unittest.TestCase):
    def setUp(self):
        identidock.app.config["TESTING"] = True
        self.app = identidock.app.test_client()

    def test_post_shows_the_name(self):
        page = self.app.post("/", data={"name": "Moby Dock"})
        self.assertEqual(page.status_code, 200)
        self.assertIn("Moby Dock", page.data.decode())

    def test_html_is_escaped(self):
        page = self.app.post("/", data={"name": '"><b>TEST</b><!--'})
        self.assertNotIn("<b>", page.data.decode())


if __name__ == "__main__":
    unittest.main()
