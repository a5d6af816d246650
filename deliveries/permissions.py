"""What people of the staff may do beyond looking; a role gets them in `meshes/roles.py`."""

MAY_SEE_PAYLOAD = "deliveries.view_payload"
MAY_SEND_TEST = "deliveries.send_test_event"
MAY_REPLAY = "deliveries.replay_delivery"
MAY_REPLAY_MANY = "deliveries.replay_many"
MAY_CANCEL = "deliveries.cancel_delivery"
MAY_READ_BACK = "deliveries.read_back"
MAY_ERASE = "deliveries.erase_person"
