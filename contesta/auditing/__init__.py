"""Quality audits as people ask for them and read them: files, samples, results, in Spanish."""
