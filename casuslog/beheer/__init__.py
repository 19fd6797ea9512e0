"""What a beheerder does with an installation itself: rebuild, destroy, certify, export, rights at its servers."""
