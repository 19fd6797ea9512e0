"""What users of casuslog need to test their own code, and what casuslog tests itself with."""
