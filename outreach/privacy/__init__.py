"""What keeps people's words and numbers from everybody but those whom they chose."""
