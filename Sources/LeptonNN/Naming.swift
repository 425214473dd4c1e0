/// Keras's `to_snake_case`: "MeanSquaredError" is "mean_squared_error", "Conv2D" is "conv2d".
package func snakeCase(_ name: String) -> String {
    let characters = Array(name)
    var result = ""
    for (i, character) in characters.enumerated() {
        let startsWord =
            character.isUppercase && i > 0
            && (characters[i - 1].isLowercase || (i + 1 < characters.count && characters[i + 1].isLowercase))
        if startsWord { result += "_" }
        result += character.lowercased()
    }
    return result
}
