"""What a reader asks of a model once the verdict is read: pure functions of arrays, exams and fitted pipelines."""
