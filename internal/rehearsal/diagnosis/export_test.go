package diagnosis

const AverageQuery = averageQuery
