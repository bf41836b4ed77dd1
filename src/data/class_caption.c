/* class_caption.c - what is said of an image of which nothing but the class is known: "an image of a dog". */
#include <stdio.h>
#include <string.h>

#include "scene.h"

enum { an_token, image_token, of_token, a_token, first_noun };

static bool takes_an(const orw_dataset *data, int class) {
    return orw_article(data->nouns[class])[1] == 'n';
}

int orw_class_vocabulary(int classes) {
    return first_noun + classes;
}

void orw_class_caption_tokens(const orw_dataset *data, int class, int tokens[ORW_CLASS_TOKENS]) {
    const int said[ORW_CLASS_TOKENS] = {an_token, image_token, of_token, takes_an(data, class) ? an_token : a_token,
                                        first_noun + class};
    memcpy(tokens, said, sizeof said);
}

void orw_class_caption_text(const orw_dataset *data, int class, char *text, size_t capacity) {
    snprintf(text, capacity, "an image of %s %s", orw_article(data->nouns[class]), data->nouns[class]);
}

orw_status orw_class_named(const orw_dataset *data, const char *text, int *class) {
    if (!data->nouns)
        return orw_error(ORW_ERR_INPUT, "\"%s\": the classes of %s have no names, expected CIFAR-10 or sprites", text,
                         data->name);
    ORW_CALL(orw_noun_parse(data->nouns, data->classes, text, class));
    for (int i = 0; i < data->count; i++)
        if (data->labels[i] == *class) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "\"%s\": no image of %s shows %s %s, expected a noun that some do", text,
                     data->name, orw_article(data->nouns[*class]), data->nouns[*class]);
}
